// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.it.check.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Python child of an activation does in its environment what {@code genv.sdk} does, by variables and files alone. */
class PythonChildTest {
    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws Exception {
        Python.assumeThere("json, fcntl");
        state = PythonState.create(parent);
    }

    private Python child(Activation activation) throws IOException {
        Path script = Python.script(parent, "like_sdk.py");
        return new Python(activation.start(new ProcessBuilder("python3", script.toString())));
    }

    @Test
    void shouldShareItsEnvironmentWithAPythonChild() throws Exception {
        EnvConfig config = EnvConfig.builder().gpus(2).gpuMemory("4g").build();
        try (GenvHost host = state.open();
                Activation mine = host.activate(ActivationRequest.of(config).eid("mine"));
                Python child = child(mine)) {
            long pid = ProcessHandle.current().pid();
            long childPid = child.process().pid();
            assertThat(child.asked("active")).isEqualTo("[[" + pid + ", " + childPid + "]]");
            assertThat(child.asked("attached")).isEqualTo("[0, 1]");
            assertThat(child.asked("variables")).isEqualTo("\"0,1\"");

            try (DeviceLock _ = host.lock()) {
                assertThat(child.asked("lock")).isEqualTo("\"held\"");
            }
            assertThat(child.asked("lock")).isEqualTo("[0, 1]");
            assertThat(host.tryLock()).isEmpty();
            child.asked("unlock");
            assertThat(host.tryLock()).hasValueSatisfying(DeviceLock::close);

            assertThat(child.asked("configure")).contains("of python", "4g");
            assertThat(host.configuration())
                    .isEqualTo(config.toBuilder().name("of python").build());
            host.detach(0);
            assertThat(child.asked("attached")).isEqualTo("[1]");
            assertThat(child.asked("detach")).isEqualTo("[]");
            assertThat(host.attached()).isEmpty();
            assertThat(host.attach()).containsExactly(0, 1);
        }
    }

    @Test
    void shouldKeepTheEnvironmentForAPythonChildThatOutlivesIt() throws Exception {
        EnvConfig config = EnvConfig.builder().gpus(1).build();
        try (GenvHost host = state.open()) {
            Activation mine = host.activate(ActivationRequest.of(config).eid("mine"));
            try (Python child = child(mine)) {
                mine.close();
                assertThat(child.asked("attached")).isEqualTo("[0]");
                assertThat(child.asked("active"))
                        .isEqualTo("[[" + child.process().pid() + "]]");
                try (Activation other = host.activate(config)) {
                    assertThat(other.devices()).containsExactly(1);
                }
            }
            assertThat(Eventually.empty(host).envs()).isEmpty();
        }
    }

    /** The shell of {@code genv activate} is its first process, this one joins it by name. */
    @Test
    void shouldNotEndTheEnvironmentOfAnotherThatItHasJoined() throws Exception {
        Process shell = new ProcessBuilder("sleep", "1000").start();
        try (GenvHost host = state.open()) {
            state.envs(
                    PythonState.env("e44", java.time.LocalDateTime.now(java.time.ZoneId.systemDefault()), shell.pid()));
            state.devices("e44", "");
            ActivationRequest join = ActivationRequest.of(EnvConfig.empty()).eid("e44");
            try (Activation joined = host.activate(join)) {
                assertThat(joined.devices()).containsExactly(0);
                assertThat(host.<String, RuntimeException>call(
                                join, () -> host.attached().toString()))
                        .isEqualTo("[0]");
                assertThat(host.snapshot().env("e44").orElseThrow().pids())
                        .containsExactlyInAnyOrder(
                                shell.pid(), ProcessHandle.current().pid());
            }
            assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactly("e44");
            assertThat(host.snapshot().env("e44").orElseThrow().pids()).containsExactly(shell.pid());
            assertThat(host.snapshot().env("e44").orElseThrow().devices()).containsExactly(0);
            host.activate(join); // left by closing the host
        } finally {
            try (GenvHost later = state.open()) {
                assertThat(later.snapshot().env("e44").orElseThrow().pids()).containsExactly(shell.pid());
            }
            shell.destroyForcibly().waitFor();
        }
    }
}
