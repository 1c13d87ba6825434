// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.GenvHost;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JVMs and Python processes take devices from one directory at the same time; no device is given twice. */
class MixedLoopTest {
    private static final int OF_EACH = 2;
    private static final String ROUNDS = "100";

    @TempDir
    private Path parent;

    private PythonState state;
    private Path referee;

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
        state.devices("", "");
        referee = Files.createDirectory(parent.resolve("referee"));
    }

    /** Python's own json and flock, by a script that keeps to the format. */
    @Test
    void shouldGiveNothingTwiceBesideProgramsThatKeepToTheFormat() throws Exception {
        Python.assumeThere("json, fcntl");
        runBeside(Python.script(parent, "stand_in.py"), state.directory().toString(), referee.toString(), ROUNDS);
    }

    /** Genv itself, where it is installed. */
    @Test
    void shouldGiveNothingTwiceBesideGenv() throws Exception {
        Python.assumeThere("genv.sdk");
        runBeside(Python.script(parent, "with_sdk.py"), referee.toString(), ROUNDS);
    }

    private void runBeside(Path script, String... arguments) throws Exception {
        List<ChildJvm> javas = new ArrayList<>();
        List<Process> pythons = new ArrayList<>();
        try {
            for (int i = 0; i < OF_EACH; i++) {
                javas.add(ChildJvm.of(MixedWorker.class)
                        .arguments(state.directory().toString(), referee.toString(), ROUNDS)
                        .start());
                List<String> command = new ArrayList<>(List.of("python3", script.toString()));
                command.addAll(List.of(arguments));
                ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
                builder.environment().put("GENV_TMPDIR", state.directory().toString());
                builder.environment().put("GENV_MOCK_DEVICE_COUNT", "2");
                pythons.add(builder.start());
            }
            for (Process python : pythons) {
                String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(python.waitFor()).as(said).isZero();
                assertThat(said).startsWith("taken ").doesNotStartWith("taken 0");
            }
            for (ChildJvm java : javas) {
                assertThat(java.expect("taken")).isNotEqualTo("0");
                java.awaitExit();
            }
            try (GenvHost host = state.open()) {
                assertThat(host.snapshot().envs()).isEmpty();
            }
            assertThat(state.devicesText()).doesNotContain("\"eid\"");
        } finally {
            pythons.forEach(Process::destroyForcibly);
            javas.forEach(ChildJvm::close);
        }
    }
}
