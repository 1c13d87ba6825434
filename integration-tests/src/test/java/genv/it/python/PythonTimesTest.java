// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.it.peer.Peer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.TimeZone;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Times in the files are local, and programs differ in what that means. */
class PythonTimesTest {
    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
        state.devices("", "");
    }

    private EnvInfo env(GenvHost host) {
        return host.snapshot().env("theirs").orElseThrow();
    }

    /** The furthest apart that zones are; with the digits of another language. */
    @ParameterizedTest
    @ValueSource(strings = {"Etc/GMT+12", "Pacific/Kiritimati", "Europe/Berlin"})
    void shouldNotTakeAProcessOfAnotherZoneForDead(String zone) throws Exception {
        try (Peer peer = Peer.on(
                        state.directory(),
                        2,
                        "16g",
                        child -> child.jvmOptions(
                                "-Duser.timezone=" + zone,
                                "-Duser.language=ar",
                                "-Duser.country=EG",
                                "-Dfile.encoding=ISO-8859-1"));
                GenvHost host = state.open()) {
            peer.does("activate gpus=1"); // its identifier is its pid, the case in which its age counts
            String eid = Long.toString(peer.process().pid());
            assertThat(host.snapshot().env(eid).orElseThrow().devices()).containsExactly(0);
            assertThat(state.envsText())
                    .containsPattern("\"creation\": \"[0-9]{2}/[0-9]{2}/20[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\"");
            Instant local = LocalDateTime.now(ZoneId.of(zone)).toInstant(ZoneOffset.UTC);
            Instant shown = host.snapshot()
                    .env(eid)
                    .orElseThrow()
                    .created()
                    .atZone(ZoneId.systemDefault())
                    .toLocalDateTime()
                    .toInstant(ZoneOffset.UTC);
            assertThat(Duration.between(shown, local)).isBetween(Duration.ZERO, Duration.ofMinutes(5));
            try (GenvHost late = state.open()) {
                assertThat(late.snapshot().envs()).hasSize(1);
            }
            peer.exits();
        }
    }

    /** An hour that there is not, and one that there is twice. */
    @ParameterizedTest
    @ValueSource(strings = {"29/03/2026 02:30:00", "25/10/2026 02:30:00"})
    void shouldKeepTheTextOfATimeThatThereIsNotOrTwice(String time) throws Exception {
        Process shell = new ProcessBuilder("sleep", "1000").start();
        try (Peer peer =
                Peer.on(state.directory(), 2, "16g", child -> child.jvmOptions("-Duser.timezone=Europe/Berlin"))) {
            state.envs(PythonState.env("theirs", LocalDateTime.now(ZoneId.systemDefault()), shell.pid())
                    .replaceFirst("\"creation\": \"[^\"]*\"", "\"creation\": \"" + time + "\"")
                    .replace("\"kernel_ids\": []", "\"kernel_ids\": [\"k\"]")); // lives, however old it is
            state.devices("theirs", "");
            peer.does("activate eid=theirs");
            peer.does("attach gpus=2");
            peer.does("detach index=1");
            assertThat(state.envsText()).contains("\"creation\": \"" + time + "\"");
            peer.does("close");
            assertThat(peer.does("envs")).isEqualTo("[theirs]");
            assertThat(state.devicesText()).containsOnlyOnce("\"eid\": \"theirs\"");
            peer.exits();
        } finally {
            shell.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldGoOnWhenTheApplicationSetsAnotherZoneAndLocale() throws Exception {
        TimeZone zone = TimeZone.getDefault();
        Locale locale = Locale.getDefault();
        Process shell = new ProcessBuilder("sleep", "1000").start();
        try (GenvHost host = state.open()) {
            state.envs(PythonState.env("theirs", LocalDateTime.now(ZoneId.systemDefault()), shell.pid()));
            Instant created = env(host).created();
            genv.api.ActivationRequest join =
                    genv.api.ActivationRequest.of(genv.api.EnvConfig.empty()).eid("theirs");
            try (genv.api.Activation _ = host.activate(join)) {
                host.run(join, () -> {
                    TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Kiritimati"));
                    Locale.setDefault(Locale.forLanguageTag("th-TH-u-ca-buddhist-nu-thai"));
                });
                // it is still in it once
                assertThat(host.attach(genv.api.DeviceRequest.gpus(1))).containsExactly(0);
                assertThat(env(host).created()).isEqualTo(created);
                assertThat(env(host).pids()).contains(ProcessHandle.current().pid());
            }
            assertThat(env(host).pids()).containsExactly(shell.pid());
        } finally {
            TimeZone.setDefault(zone);
            Locale.setDefault(locale);
            shell.destroyForcibly().waitFor();
        }
    }
}
