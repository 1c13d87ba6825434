// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static genv.faults.neighbours.Neighbour.ok;
import static genv.faults.neighbours.Neighbour.refused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is alive is never mistaken: namespaces, reused pids, zombies, processes that read the files themselves. */
class ProcessesTest {
    private static final String[] NAMESPACE = {
        // a shell as the first process of the namespace, which reaps what others leave behind
        "unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "\"$@\"; exit $?", "sh"
    };

    private Path state;

    @BeforeEach
    void prepare(@TempDir Path temp) {
        state = temp.resolve("state");
    }

    @Test
    void shouldNeitherPurgeNorBePurgedWhenProcessesAreInDifferentPidNamespaces() {
        Machine.assumePidNamespaces();
        try (ChildJvm inside =
                        Neighbour.on(state).name("inside").wrapper(NAMESPACE).start();
                ChildJvm outside = Neighbour.on(state).name("outside").start()) {
            assertThat(ok(inside, "activate inside 1")).isEqualTo("[0]");
            assertThat(ok(outside, "activate outside 1")).isEqualTo("[1]");
            for (ChildJvm one : List.of(inside, outside)) {
                ok(one, "leave");
                // being refused makes it look for the dead
                assertThat(refused(one, "activate greedy 2")).contains("DevicesUnavailableException");
                ok(one, one == inside ? "activate inside 1" : "activate outside 1");
                assertThat(ok(one, "envs")).isEqualTo("inside,outside");
            }
            try (ChildJvm newcomer = Neighbour.on(state).wrapper(NAMESPACE).start()) {
                assertThat(refused(newcomer, "activate greedy 1")).contains("DevicesUnavailableException");
            }
            inside.kill();
            ok(outside, "leave");
            assertThat(ok(outside, "activate all 2")).isEqualTo("[0, 1]");
        }
    }

    @Test
    void shouldGiveTheDevicesOfADeadProcessAwayWhenItsPidIsUsedAgain() {
        Machine.assumePidNamespaces();
        try (ChildJvm inside = ChildJvm.of(ReusesPids.class)
                .arguments(state.toString())
                .wrapper(NAMESPACE)
                .start()) {
            inside.expect("seated");
            inside.expect("adopted");
            inside.awaitExit();
        }
    }

    /** Runs in a pid namespace, in which it can say what pid the next process gets. */
    static final class ReusesPids implements ChildTask {
        private static final Path LAST_PID = Path.of("/proc/sys/kernel/ns_last_pid");

        @Override
        public void run(ChildContext context) throws Exception {
            Path state = Path.of(context.arguments().getFirst());
            try (ChildJvm other = Neighbour.on(state).name("other").start()) {
                try (ChildJvm first = Neighbour.on(state).name("first").start()) {
                    ok(first, "activate first 2");
                    long pid = first.pid();
                    first.kill();
                    withPid(pid, () -> ok(other, "activate second 2"));
                }
                context.send("seated pid used again");
                ok(other, "leave");
                long adopted;
                try (ChildJvm parent = Neighbour.on(state).name("parent").start()) {
                    ok(parent, "activate third 2");
                    adopted = Long.parseLong(ok(parent, "start sleep 1000"));
                    parent.kill();
                    assertThat(refused(other, "activate fourth 1")).contains("DevicesUnavailableException");
                    end(adopted);
                    withPid(adopted, () -> ok(other, "activate fifth 2"));
                }
                context.send("adopted pid used again");
            }
        }

        private static void withPid(long pid, Runnable meanwhile) throws Exception {
            for (int attempt = 0; attempt < 100; attempt++) {
                Files.writeString(LAST_PID, Long.toString(pid - 1));
                Process process = new ProcessBuilder("sleep", "1000").start();
                try {
                    if (process.pid() == pid) {
                        meanwhile.run();
                        return;
                    }
                } finally {
                    process.destroyForcibly().waitFor();
                }
            }
            throw new AssertionError("the pid could not be used again: pid=" + pid);
        }
    }

    private static void end(long pid) {
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        process.ifPresent(ProcessHandle::destroyForcibly);
        for (int i = 0; process.isPresent() && Files.exists(Path.of("/proc/" + pid)); i++) {
            if (i == 10_000) {
                throw new AssertionError("the process does not go: pid=" + pid);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void shouldGiveTheDevicesOfAZombieAway() throws Exception {
        // the shell becomes a program that never asks for its children, so the one it has stays a zombie
        Process parent = new ProcessBuilder("sh", "-c", "sleep 1000 & echo $!; exec sleep 1000").start();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(parent.getInputStream(), UTF_8));
                ChildJvm member = Neighbour.on(state).name("member").start();
                ChildJvm other = Neighbour.on(state).name("other").start()) {
            long pid = Long.parseLong(lines.readLine());
            ok(member, "activate first 2");
            ok(member, "adopt " + pid);
            member.kill();
            assertThat(refused(other, "activate second 1")).contains("DevicesUnavailableException");
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            awaitZombie(pid);
            assertThat(ok(other, "activate second 2")).isEqualTo("[0, 1]");
        } finally {
            parent.destroyForcibly().waitFor();
        }
    }

    private static void awaitZombie(long pid) throws IOException {
        Path stat = Path.of("/proc/" + pid + "/stat");
        for (int i = 0; !Files.readString(stat).contains(") Z "); i++) {
            if (i == 10_000) {
                throw new AssertionError("the process is no zombie: " + Files.readString(stat));
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** A lock on a file that nobody finds any more says nothing, so a dead process is not taken for dead either. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldJudgeNobodyOnceTheLiveFileIsGone(boolean replaced) throws Exception {
        try (ChildJvm member = Neighbour.on(state).name("member").start();
                ChildJvm other = Neighbour.on(state).name("other").start()) {
            ok(member, "activate member 2");
            assertThat(ok(other, "envs")).as("it has opened the state").isEqualTo("member");
            Files.move(state.resolve("genv.live"), state.resolve("kept"));
            if (replaced) {
                Files.createFile(state.resolve("genv.live"));
            }
            member.kill();
            assertThat(refused(other, "activate other 1"))
                    .contains("StateException", "genv.live was deleted or replaced");
        }
    }

    @Test
    void shouldStayAliveWhenTheApplicationReadsTheFilesItself() {
        try (ChildJvm reader = Neighbour.on(state).name("reader").start();
                ChildJvm other = Neighbour.on(state).name("other").start()) {
            ok(reader, "activate reader 2");
            assertThat(Integer.parseInt(ok(reader, "read"))).isGreaterThan(1_000_000);
            assertThat(refused(other, "activate other 1")).contains("DevicesUnavailableException");
            assertThat(ok(other, "envs")).isEqualTo("reader");
            reader.kill();
            assertThat(ok(other, "activate other 2")).isEqualTo("[0, 1]");
        }
    }
}
