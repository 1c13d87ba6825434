// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.AlreadyActiveException;
import genv.api.NotActiveException;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Every method of {@link genv.api.Genv}, in a process of its own whose state directory and devices come from
 * {@code GENV_TMPDIR}, {@code GENV_MOCK_DEVICE_COUNT} and {@code GENV_MOCK_DEVICE_TOTAL_MEMORY}.
 */
@GenvTest(devices = 3, memory = "8g")
class StaticFaceTest {
    private GenvHosts hosts;
    private Path work;

    @BeforeEach
    void directories(GenvHosts injected) throws IOException {
        hosts = injected;
        work = Files.createDirectory(injected.workingDirectory().resolve("work"));
    }

    private Peer peer() {
        return Peer.ofGenv(
                hosts.stateDirectory(),
                3,
                child -> child.environment("GENV_MOCK_DEVICE_TOTAL_MEMORY", "8g")
                        .workingDirectory(work)
                        .jvmOptions("-Duser.home=" + work));
    }

    @Test
    void shouldActivateAndLeave() {
        try (Peer genv = peer()) {
            assertThat(genv.does("active")).isEqualTo("false");
            assertThat(genv.does("eid")).isEmpty();
            String pid = Long.toString(genv.process().pid());
            assertThat(genv.does("activate")).isEqualTo(pid + " []");
            assertThat(genv.does("active")).isEqualTo("true");
            assertThat(genv.does("eid")).isEqualTo(pid);
            assertThat(hosts.host().snapshot().env(pid).orElseThrow().pids())
                    .containsExactly(genv.process().pid());
            Refusal.isClear(genv.fails(AlreadyActiveException.class, "activate"), "eid=" + pid);
            genv.does("close");
            assertThat(genv.does("active")).isEqualTo("false");
            assertThat(genv.does("activate eid=b gpus=2")).isEqualTo("b [0, 1]");
            assertThat(genv.does("devices")).isEqualTo("[0, 1]");
            assertThat(genv.does("variables")).contains("GENV_ENVIRONMENT_ID=b", "CUDA_VISIBLE_DEVICES=0,1");
            genv.exits();
        }
        assertThat(Eventually.isEmpty(hosts.host().snapshot()))
                .as("an exit without close")
                .isTrue();
    }

    @Test
    void shouldAttachAndDetach() {
        try (Peer genv = peer()) {
            genv.does("activate eid=a gpus=1");
            assertThat(genv.does("attach")).isEqualTo("[0]");
            assertThat(genv.does("attach gpus=2")).isEqualTo("[0, 1]");
            assertThat(genv.does("attach index=2")).isEqualTo("[0, 1, 2]");
            assertThat(genv.does("attached")).isEqualTo("[0, 1, 2]");
            assertThat(genv.does("detach index=1")).isEqualTo("[0, 2]");
            assertThat(genv.does("refreshAttached")).isEqualTo("[0, 2]");
            assertThat(genv.does("detach")).isEqualTo("[]");
            genv.fails(IllegalArgumentException.class, "attach index=3");
            genv.exits();
        }
    }

    @Test
    void shouldConfigureSaveAndLoad() {
        try (Peer genv = peer()) {
            genv.does("activate eid=a");
            genv.does("configure name=n gpus=1 memory=8g");
            assertThat(genv.does("configuration")).contains("name=n", "gpus=1", "8g");
            assertThat(genv.does("refreshConfiguration")).contains("name=n", "gpus=1", "8g");
            assertThat(genv.does("home")).isEmpty();
            genv.does("saveConfiguration");
            assertThat(genv.does("home")).isEqualTo(work.resolve(".genv").toString());
            genv.does("configure");
            assertThat(genv.does("loadConfiguration")).contains("name=n", "gpus=1", "8g");
            genv.does("attach");
            Refusal.isClear(
                    genv.fails(genv.api.DevicesUnavailableException.class, "call gpus=1 memory=9g"), "8g", "9g");
            genv.exits();
        }
    }

    @NotOnJson("shares")
    @Test
    void shouldLock() {
        try (Peer genv = peer();
                Peer other = Peer.beside(hosts)) {
            assertThat(genv.does("lock")).as("outside an environment").isEqualTo("[]");
            genv.does("activate eid=a gpus=1 memory=4g");
            other.does("activate eid=b gpus=1 memory=4g");
            assertThat(genv.does("lock")).isEqualTo("[0]");
            assertThat(other.does("tryLock")).isEqualTo("absent");
            genv.does("unlock");
            assertThat(genv.does("lock mode=SHARE")).isEqualTo("[0]");
            assertThat(other.does("tryLock")).isEqualTo("absent");
            assertThat(other.does("tryLock mode=SHARE")).isEqualTo("[0]");
            other.does("unlock");
            genv.does("unlock");
            for (String command :
                    new String[] {"tryLock", "tryLock mode=SHARE", "tryLock wait=1", "tryLock mode=SHARE wait=1"}) {
                assertThat(genv.does(command)).isEqualTo("[0]");
                genv.does("unlock");
            }
            other.does("lock");
            for (String command :
                    new String[] {"tryLock", "tryLock mode=SHARE", "tryLock wait=1", "tryLock mode=SHARE wait=1"}) {
                assertThat(genv.does(command)).isEqualTo("absent");
            }
            genv.exits();
            other.exits();
        }
    }

    @Test
    void shouldShowASnapshotAndRunTasks() {
        try (Peer genv = peer()) {
            assertThat(genv.does("envs")).isEqualTo("[]");
            genv.does("activate eid=a");
            assertThat(genv.does("envs")).isEqualTo("[a]");
            assertThat(genv.does("call eid=t gpus=1")).isEqualTo("t [0]");
            assertThat(genv.does("call gpus=3")).matches(genv.process().pid() + "-\\d+ \\[0, 1, 2]");
            assertThat(genv.does("run")).matches(genv.process().pid() + "-\\d+");
            assertThat(genv.does("eid")).isEqualTo("a");
            assertThat(genv.does("envs")).isEqualTo("[a]");
            genv.exits();
        }
    }

    @Test
    void shouldNeedAnActiveEnvironment() {
        try (Peer genv = peer()) {
            for (String command : new String[] {
                "attach",
                "attach gpus=1",
                "attach index=0",
                "detach",
                "detach index=0",
                "refreshAttached",
                "configure",
                "configuration",
                "refreshConfiguration",
                "loadConfiguration",
                "saveConfiguration"
            }) {
                Refusal.isClear(genv.fails(NotActiveException.class, command));
            }
            assertThat(genv.does("attached")).isEqualTo("[]");
            assertThat(Eventually.isEmpty(hosts.host().snapshot())).isTrue();
            genv.exits();
        }
    }

    @Test
    void shouldSayThatTheStateDirectoryIsNoneAtEveryUseAndNotAtClassLoading() throws IOException {
        Path file = Files.writeString(work.resolve("file"), "mine");
        try (Peer genv = Peer.ofGenv(file, 3, child -> child)) {
            for (int i = 0; i < 2; i++) {
                Refusal.isClear(
                        genv.fails(genv.api.StateException.class, "activate"), file.toString(), "not a directory");
            }
            assertThat(genv.does("home")).isNotNull();
            Files.delete(file);
            assertThat(genv.does("activate eid=a gpus=1")).isEqualTo("a [0]");
            genv.exits();
        }
    }
}
