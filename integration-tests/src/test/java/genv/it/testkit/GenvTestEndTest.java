// SPDX-License-Identifier: Apache-2.0
package genv.it.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.process.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** What happens after a test, seen from outside of it. */
class GenvTestEndTest {
    private static @Nullable Path directory;
    private static @Nullable GenvHost host;
    private static @Nullable ChildJvm child;

    @BeforeEach
    void forget() {
        directory = null;
        host = null;
    }

    @AfterEach
    void endChild() {
        ChildJvm left = child;
        if (left != null) {
            left.close();
            child = null;
        }
    }

    @Test
    void shouldDeleteDirectoryAndCloseHosts() {
        assertEquals(List.of(), failures("passes"));
        Path seen = directory;
        assertTrue(seen != null && Files.notExists(seen), () -> "directory is left: directory=" + seen);
        GenvHost closed = host;
        assertTrue(closed != null);
        assertThrows(IllegalStateException.class, closed::snapshot);
    }

    @Test
    void shouldEndEnvironmentsThatTestLeaves() {
        assertEquals(List.of(), failures("leavesActivation"));
    }

    @Test
    void shouldFailWhenSomebodyElseIsStillThere() {
        List<Throwable> failures = failures("leavesChild");
        assertEquals(1, failures.size());
        String message = String.valueOf(failures.getFirst().getMessage());
        assertTrue(message.contains("something is left"), message);
        Path seen = directory;
        assertTrue(seen != null && Files.notExists(seen), () -> "directory is left: directory=" + seen);
    }

    @Test
    void shouldPassWhenLeaksAreNotChecked() {
        assertEquals(List.of(), failures("mayLeaveChild"));
    }

    @Test
    void shouldCleanUpWhenTestFails() {
        List<Throwable> failures = failures("fails");
        assertEquals("on purpose", failures.getFirst().getMessage());
        assertEquals(0, failures.getFirst().getSuppressed().length);
        Path seen = directory;
        assertTrue(seen != null && Files.notExists(seen), () -> "directory is left: directory=" + seen);
    }

    @Test
    void shouldRefuseParameterWhereThereIsNoTest() {
        SummaryGeneratingListener listener =
                run(LauncherDiscoveryRequestBuilder.request().selectors(selectMethod(AsksTooEarly.class, "passes")));
        String message = String.valueOf(
                listener.getSummary().getFailures().getFirst().getException().getMessage());
        assertTrue(message.contains("one host for each test method"), message);
    }

    private static List<Throwable> failures(String method) {
        SummaryGeneratingListener listener = run(LauncherDiscoveryRequestBuilder.request()
                .selectors(selectMethod(Sample.class, method, GenvHosts.class)));
        assertEquals(1, listener.getSummary().getTestsStartedCount());
        return listener.getSummary().getFailures().stream()
                .map(failure -> failure.getException())
                .toList();
    }

    private static SummaryGeneratingListener run(LauncherDiscoveryRequestBuilder request) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        request.configurationParameter("junit.jupiter.conditions.deactivate", "org.junit.*DisabledCondition");
        LauncherFactory.create().execute(request.build(), listener);
        return listener;
    }

    @GenvTest
    @Disabled("run by the tests above alone")
    static final class Sample {
        @Test
        void passes(GenvHosts hosts) {
            directory = hosts.stateDirectory().getParent();
            host = hosts.open();
            assertFalse(hosts.host().active());
            assertTrue(Files.isDirectory(hosts.stateDirectory()));
        }

        @Test
        void leavesActivation(GenvHosts hosts) {
            Activation left = hosts.host().activate(EnvConfig.builder().gpus(1).build());
            assertEquals(List.of(0), left.devices());
        }

        @Test
        void leavesChild(GenvHosts hosts) {
            leaveChild(hosts);
        }

        @Test
        @GenvTest(checkLeaks = false)
        void mayLeaveChild(GenvHosts hosts) {
            leaveChild(hosts);
        }

        private static void leaveChild(GenvHosts hosts) {
            directory = hosts.stateDirectory().getParent();
            ChildJvm started = ChildJvm.of(GenvTestTest.TakesOne.class)
                    .arguments(hosts.stateDirectory().toString())
                    .start();
            child = started;
            started.expect("has");
        }

        @Test
        void fails(GenvHosts hosts) {
            directory = hosts.stateDirectory().getParent();
            hosts.host();
            throw new AssertionError("on purpose");
        }
    }

    @GenvTest
    @Disabled("run by the tests above alone")
    static final class AsksTooEarly {
        @BeforeAll
        static void asks(GenvHost host) {
            host.close();
        }

        @Test
        void passes() {}
    }
}
