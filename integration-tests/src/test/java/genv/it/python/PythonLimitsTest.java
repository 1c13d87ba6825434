// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.it.check.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The limits that the owner of a host has set, in a directory of Genv: they hold, but for leases. */
class PythonLimitsTest {
    private static final ActivationRequest ONE =
            ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("mine");

    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
        state.devices("", "");
    }

    private void limits(String text) throws IOException {
        Path file = Files.writeString(state.directory().resolve("limits.json"), text.replace('\'', '"'));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'longestLease': '2h'}", "{'defaultLease': '5m'}"})
    void shouldGiveOutNothingWhereLeasesAreDemanded(String text) throws IOException {
        limits(text);
        String[] said = {"limited time", "limits.json", "take the leases out", "GenvHost.convert"};
        try (GenvHost host = state.open()) {
            Refusal.on(host, GenvException.class, () -> host.activate(ONE), said);
            Refusal.on(host, GenvException.class, () -> host.call(ONE, () -> ""), said);
            ActivationRequest none = ActivationRequest.of(EnvConfig.empty()).eid("mine");
            try (Activation mine = host.activate(none)) {
                Refusal.on(host, GenvException.class, () -> host.attach(DeviceRequest.gpus(1)), said);
                Refusal.on(host, GenvException.class, () -> host.attach(DeviceRequest.index(0)), said);
                host.configure(EnvConfig.builder().name("renamed").build());
                assertThat(mine.configuration().name()).hasValue("renamed");
                host.lock().close();
            }
            assertThat(state.devicesText()).doesNotContain("eid");
        }
    }

    @Test
    void shouldCountWhatAUserHasThroughGenv() throws Exception {
        limits("{'userDevices': 1}");
        Process shell = new ProcessBuilder("sleep", "1000").start();
        long uid = (int) Files.getAttribute(state.directory(), "unix:uid");
        try (GenvHost host = state.open()) {
            state.envs(PythonState.env("e44", LocalDateTime.now(ZoneId.systemDefault()), shell.pid())
                    .replace("\"uid\": 0", "\"uid\": " + uid));
            state.devices("e44", "");
            Refusal.on(host, DevicesUnavailableException.class, () -> host.activate(ONE), "limit=1");
            shell.destroyForcibly().waitFor();
            try (Activation mine = host.activate(ONE)) {
                assertThat(mine.devices()).containsExactly(0);
            }
        } finally {
            shell.destroyForcibly().waitFor();
        }
    }
}
