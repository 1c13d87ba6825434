// SPDX-License-Identifier: Apache-2.0
package genv.it.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.MemorySize;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@GenvTest
class GenvTestTest {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();
    private static final Set<Path> DIRECTORIES = new HashSet<>();

    private @Nullable GenvHost ofBeforeEach;

    @BeforeEach
    void keep(GenvHost host, GenvHosts hosts) {
        ofBeforeEach = host;
        assertTrue(DIRECTORIES.add(hosts.stateDirectory()), "directory of another test");
    }

    @AfterEach
    void look(GenvHost host) {
        assertSame(ofBeforeEach, host);
    }

    @Test
    void shouldGiveTwoDevicesOf16g(GenvHost host) {
        assertSame(ofBeforeEach, host);
        List<DeviceInfo> devices = host.snapshot().devices();
        assertEquals(2, devices.size());
        for (DeviceInfo device : devices) {
            assertEquals(Optional.of(MemorySize.parse("16g")), device.totalMemory());
        }
        assertEquals(List.of(), host.snapshot().envs());
    }

    @Test
    @GenvTest(devices = 3, memory = "80g", names = "Big")
    void shouldPreferAnnotationOfMethod(GenvHost host, SimulatedBackend backend) {
        assertEquals(3, backend.devices().size());
        DeviceInfo last = host.snapshot().device(2).orElseThrow();
        assertEquals(Optional.of(MemorySize.parse("80g")), last.totalMemory());
        assertEquals(Optional.of("Big"), last.name());
    }

    @Nested
    class Inside {
        @Test
        void shouldTakeAnnotationOfEnclosingClass(GenvHost host) {
            assertEquals(2, host.snapshot().devices().size());
        }
    }

    @Test
    void shouldShareDevicesBetweenHostsOfOneTest(GenvHost first, GenvHosts hosts) {
        GenvHost second = hosts.open();
        try (Activation a = first.activate(ActivationRequest.of(ONE).eid("a"));
                Activation b = second.activate(ActivationRequest.of(ONE).eid("b"))) {
            assertEquals(List.of(0), a.devices());
            assertEquals(List.of(1), b.devices());
            assertEquals(
                    List.of("a", "b"),
                    first.snapshot().envs().stream().map(EnvInfo::eid).sorted().toList());
            assertThrows(
                    DevicesUnavailableException.class,
                    () -> hosts.open().activate(ActivationRequest.of(ONE).eid("c")));
        }
    }

    @Test
    void shouldOpenHostWithOtherOptions(GenvHosts hosts) {
        SimulatedBackend other = SimulatedBackend.of(2, "1g");
        GenvHost host = hosts.open(options -> options.backend(other));
        assertEquals(
                Optional.of(MemorySize.parse("1g")),
                host.snapshot().device(0).orElseThrow().totalMemory());
    }

    @Test
    void shouldLeaveProcessEnvironmentAlone(GenvHost host) throws Exception {
        try (Activation _ = host.activate(ONE)) {
            Process printsVariables = new ProcessBuilder("env").start();
            String variables = new String(printsVariables.getInputStream().readAllBytes(), UTF_8);
            assertFalse(variables.contains("GENV_ENVIRONMENT_ID="), variables);
        }
    }

    @Test
    void shouldFindNoConfigurationOfTheDeveloper(GenvHosts hosts) throws Exception {
        try (var files = Files.list(hosts.workingDirectory())) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void shouldShareDirectoryWithChild(GenvHost host, GenvHosts hosts) {
        try (ChildJvm child = ChildJvm.of(TakesOne.class)
                .arguments(hosts.stateDirectory().toString())
                .start()) {
            assertEquals("[0]", child.expect("has"));
            try (Activation mine = host.activate(ONE)) {
                assertEquals(List.of(1), mine.devices());
            }
            child.kill();
            try (Activation mine = host.activate(EnvConfig.builder().gpus(2).build())) {
                assertEquals(List.of(0, 1), mine.devices());
            }
        }
    }

    /** Takes a device of the directory in its first argument and stays. */
    static final class TakesOne implements ChildTask {
        @Override
        public void run(ChildContext context) throws InterruptedException {
            GenvOptions options = GenvOptions.builder()
                    .stateDirectory(Path.of(context.arguments().getFirst()))
                    .backend(SimulatedBackend.of(2))
                    .processEnvironment(false)
                    .build();
            try (GenvHost host = GenvHost.open(options);
                    Activation has = host.activate(ONE)) {
                context.send("has " + has.devices());
                context.receive();
            }
        }
    }
}
