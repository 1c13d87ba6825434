// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.os.ChildJvm;
import genv.core.os.ProcessStat;
import genv.core.os.Shell;
import genv.core.os.Users;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    @BeforeEach
    void requireProc() {
        Assumptions.assumeTrue(ProcessStat.isAvailable(), "no /proc here");
    }

    @Test
    void shouldFindItselfAlive() {
        ProcessIdentity self = ProcessIdentity.current();

        assertThat(self.isAlive()).isTrue();
        assertThat(self.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(ProcessIdentity.of(ProcessHandle.current())).contains(self);
    }

    @Test
    void shouldAgreeWithWhatAChildSaysOfItself() {
        try (ChildJvm child = ChildJvm.start(LiveChild.class, "identity")) {
            ProcessIdentity own = read(child);

            assertThat(ProcessIdentity.of(child.handle())).contains(own);
            assertThat(own.isAlive()).isTrue();

            child.kill();
            assertThat(own.isAlive()).isFalse();
            assertThat(ProcessIdentity.of(child.handle())).isEmpty();
        }
    }

    @Test
    void shouldTakeAnotherStartForAnotherProcess() {
        ProcessIdentity self = ProcessIdentity.current();

        assertThat(new ProcessIdentity(self.pid(), self.startTicks() + 1, self.pidNamespace()).isAlive())
                .isFalse();
        assertThat(new ProcessIdentity(self.pid(), self.startTicks() - 1, self.pidNamespace()).isAlive())
                .isFalse();
    }

    @Test
    void shouldTakeProcessesOfOtherNamespacesForAlive() {
        ProcessIdentity self = ProcessIdentity.current();

        assertThat(new ProcessIdentity(Integer.MAX_VALUE, 1, self.pidNamespace()).isAlive())
                .isFalse();
        assertThat(new ProcessIdentity(Integer.MAX_VALUE, 1, self.pidNamespace() + 1).isAlive())
                .isTrue();
        assertThat(new ProcessIdentity(Integer.MAX_VALUE, 1, self.pidNamespace() ^ (1L << 40)).isAlive())
                .isTrue();
    }

    @Test
    void shouldTakeZombiesForDead() throws IOException {
        // the shell becomes a program that never asks for its child, whose end therefore leaves a zombie
        Process parent = new ProcessBuilder("sh", "-c", "sleep 0.2 & echo $!; exec tail -f /dev/null").start();
        try {
            BufferedReader output = parent.inputReader();
            long pid = Long.parseLong(output.readLine());
            ProcessStat stat = ProcessStat.read(pid).orElseThrow();
            while (stat.state() != 'Z') {
                Thread.onSpinWait();
                stat = ProcessStat.read(pid).orElseThrow();
            }

            assertThat(ProcessHandle.of(pid)).isPresent();
            assertThat(new ProcessIdentity(pid, stat.startTicks(), ProcessStat.namespace()).isAlive())
                    .isFalse();
            assertThat(ProcessIdentity.of(ProcessHandle.of(pid).orElseThrow())).isEmpty();
        } finally {
            parent.destroyForcibly().onExit().join();
        }
    }

    @Test
    void shouldNotJudgeFromAnotherPidNamespace() {
        Assumptions.assumeTrue(Users.isRoot(), "only root may make a pid namespace");
        Shell.runIfPermitted("unshare", "--pid", "--fork", "--mount-proc", "true");
        ProcessIdentity self = ProcessIdentity.current();
        List<String> inside = List.of("unshare", "--pid", "--fork", "--kill-child", "--mount-proc");

        // a pid that is free in there, and a start that no process here has
        try (ChildJvm child = judge(inside, new ProcessIdentity(99_999, 1, self.pidNamespace()))) {
            assertThat(child.readLine()).isEqualTo("true");
            assertThat(child.readLine()).isEqualTo("true");
        }
    }

    @Test
    void shouldNotBeMisledByTheProcOfAnotherPidNamespace() {
        Assumptions.assumeTrue(Users.isRoot(), "only root may make a pid namespace");
        Shell.runIfPermitted("unshare", "--pid", "--fork", "true");
        List<String> inside = List.of("unshare", "--pid", "--fork", "--kill-child");

        // without a mount of its own, /proc/1 is the init of the host while pid 1 is the child itself
        try (ChildJvm child = ChildJvm.startThrough(inside, LiveChild.class, "identity")) {
            ProcessIdentity own = read(child);
            assertThat(own.pid()).isEqualTo(1);
            assertThat(own.pidNamespace()).isNotEqualTo(ProcessStat.namespace());
            assertThat(own.isAlive()).isTrue();
        }
        try (ChildJvm child = ChildJvm.startThrough(inside, LiveChild.class, "judge")) {
            assertThat(child.readLine()).isEqualTo("true");
        }
    }

    private static ProcessIdentity read(ChildJvm child) {
        long pid = Long.parseLong(child.readLine());
        long start = Long.parseLong(child.readLine());
        return new ProcessIdentity(pid, start, Long.parseLong(child.readLine()));
    }

    private static ChildJvm judge(List<String> prefix, ProcessIdentity identity) {
        return ChildJvm.startThrough(
                prefix,
                LiveChild.class,
                "judge",
                Long.toString(identity.pid()),
                Long.toString(identity.startTicks()),
                Long.toString(identity.pidNamespace()));
    }
}
