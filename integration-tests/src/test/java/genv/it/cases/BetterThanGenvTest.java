// SPDX-License-Identifier: Apache-2.0
package genv.it.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.AccessDeniedException;
import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.MemorySize;
import genv.api.NotActiveException;
import genv.api.Snapshot;
import genv.api.StateException;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.OtherUser;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What must be better than Genv: a test, or some, for each of the 15 cases of the design. */
@GenvTest
class BetterThanGenvTest {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();

    private static ActivationRequest as(String eid, EnvConfig config) {
        return ActivationRequest.of(config).eid(eid);
    }

    private static ActivationRequest join(String eid) {
        return as(eid, EnvConfig.empty());
    }

    private static EnvConfig share(String memory) {
        return EnvConfig.builder().gpus(1).gpuMemory(memory).build();
    }

    // ---- 1 ---------------------------------------------------------------------------------------------------------

    /** Case 1: activating again under an identifier inherits nothing of a process that is dead. */
    @Test
    void case01ShouldInheritNothingStaleUnderTheSameIdentifier(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a name=old gpus=2 memory=4g");
            peer.process().kill();
        }
        EnvConfig config = EnvConfig.builder().gpus(1).gpuMemory("2g").build();
        try (Activation activation = host.activate(as("a", config))) {
            assertThat(activation.devices()).containsExactly(0);
            assertThat(activation.configuration()).isEqualTo(config);
            Snapshot snapshot = host.snapshot();
            assertThat(snapshot.device(0).orElseThrow().attachments())
                    .singleElement()
                    .satisfies(a -> assertThat(a.gpuMemory()).contains(MemorySize.parse("2g")));
            assertThat(snapshot.device(1).orElseThrow().attachments()).isEmpty();
        }
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a name=old gpus=2 memory=4g");
            peer.process().kill();
        }
        try (Activation activation = host.activate(join("a"))) {
            assertThat(activation.devices()).isEmpty();
            assertThat(activation.configuration()).isEqualTo(EnvConfig.empty());
        }
    }

    /** Case 1: joining a live one with other counts and another share applies them. */
    @Test
    void case01ShouldApplyTheCountAndShareGivenWhenJoining(GenvHosts hosts) {
        try (Activation first = hosts.host().activate(as("a", share("4g")));
                Activation second = hosts.open()
                        .activate(as("a", share("2g").toBuilder().gpus(2).build()))) {
            assertThat(second.devices()).containsExactly(0, 1).isEqualTo(first.devices());
            assertThat(hosts.host().snapshot().devices())
                    .allSatisfy(device -> assertThat(device.attachments())
                            .singleElement()
                            .satisfies(a -> assertThat(a.gpuMemory()).contains(MemorySize.parse("2g"))));
        }
    }

    // ---- 2 ---------------------------------------------------------------------------------------------------------

    /** Case 2: a failed activation leaves no environment, configuration or variable. */
    @Test
    void case02ShouldLeaveNothingOfAFailedActivation(GenvHosts hosts) {
        try (Peer peer = Peer.ofGenv(hosts.stateDirectory(), 2, child -> child.environment("GENV_GPUS", "9"))) {
            Snapshot before = hosts.host().snapshot();
            peer.fails(DevicesUnavailableException.class, "activate eid=a name=n gpus=3 memory=1g");
            peer.fails(DevicesUnavailableException.class, "activate eid=a name=n gpus=1 memory=17g");
            assertThat(hosts.host().snapshot()).isEqualTo(before);
            assertThat(peer.does("active")).isEqualTo("false");
            assertThat(peer.does("getenv GENV_ENVIRONMENT_ID")).isEqualTo("(none)");
            assertThat(peer.does("getenv CUDA_VISIBLE_DEVICES")).isEqualTo("(none)");
            assertThat(peer.does("getenv GENV_GPUS")).isEqualTo("9");
            assertThat(peer.does("activate eid=a")).isEqualTo("a []");
            assertThat(peer.does("configuration")).isEqualTo(EnvConfig.empty().toString());
            peer.exits();
        }
    }

    // ---- 3 ---------------------------------------------------------------------------------------------------------

    /** Attaches, locks and detaches as fast as it can until it is killed. */
    static final class Hammer implements ChildTask {
        @Override
        public void run(ChildContext context) {
            GenvOptions options = GenvOptions.builder()
                    .stateDirectory(Path.of(context.arguments().getFirst()))
                    .backend(SimulatedBackend.of(2))
                    .processEnvironment(false)
                    .build();
            GenvHost host = GenvHost.open(options);
            for (int i = 0; ; i++) {
                try (Activation _ = host.activate(
                        as("hammer", EnvConfig.builder().name("n" + i).build()))) {
                    host.attach(DeviceRequest.gpus(1 + i % 2).overSubscribed());
                    host.configure(share("1g"));
                    try (DeviceLock _ = host.lock()) {
                        host.detach(0);
                    }
                }
                if (i % 10 == 0) {
                    context.send("round " + i);
                }
            }
        }
    }

    /** Case 3: kills in the loop leave a state that everybody can read and use. */
    @Test
    void case03ShouldStayReadableWhenProcessesAreKilledInTheirLoop(GenvHosts hosts) {
        GenvHost host = hosts.host();
        for (int kill = 0; kill < 4; kill++) {
            try (ChildJvm child = ChildJvm.of(Hammer.class)
                    .arguments(hosts.stateDirectory().toString())
                    .start()) {
                for (int i = 0; i <= kill * 3; i++) {
                    child.expect("round");
                }
                child.kill();
            }
            assertThat(Eventually.isEmpty(host.snapshot())).isTrue();
            try (Activation activation =
                            host.activate(EnvConfig.builder().gpus(2).build());
                    DeviceLock lock = host.lock()) {
                assertThat(activation.devices()).isEqualTo(lock.devices()).hasSize(2);
            }
        }
    }

    /** Case 3: a bad value is refused before anything is written. The full disk is among the tests of bad input. */
    @Test
    void case03ShouldWriteNoBadValue(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Activation _ = host.activate(as("a", ONE))) {
            Refusal.on(
                    host,
                    IllegalArgumentException.class,
                    () -> host.configure(EnvConfig.builder().name("a\0b").build()),
                    "position=1");
            Refusal.on(
                    host,
                    IllegalArgumentException.class,
                    () -> host.configure(EnvConfig.builder().name("\ud800").build()));
        }
        EnvConfig odd = EnvConfig.builder().name("{\"]}, 'é' 名 \ud83d\ude00=;").build();
        try (Activation _ = host.activate(as("a", odd))) {
            assertThat(hosts.open().snapshot().env("a").orElseThrow().config()).isEqualTo(odd);
        }
    }

    // ---- 4 ---------------------------------------------------------------------------------------------------------

    /** Case 4: variables that existed before are restored on exit, not deleted. */
    @Test
    void case04ShouldRestoreVariablesThatExistedBefore(GenvHosts hosts) {
        try (Peer peer = Peer.ofGenv(
                hosts.stateDirectory(),
                2,
                child -> child.environment("CUDA_VISIBLE_DEVICES", "1").environment("GENV_GPU_MEMORY", "3g"))) {
            peer.does("activate eid=a gpus=1 memory=2g");
            assertThat(peer.does("getenv GENV_GPU_MEMORY")).isEqualTo("2g");
            peer.does("close");
            assertThat(peer.does("getenv CUDA_VISIBLE_DEVICES")).isEqualTo("1");
            assertThat(peer.does("getenv GENV_GPU_MEMORY")).isEqualTo("3g");
            peer.exits();
        }
    }

    // ---- 5 ---------------------------------------------------------------------------------------------------------

    private static String umask() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("Umask:"))
                .findFirst()
                .orElseThrow();
    }

    /** Case 5: the umask of the process is its own. */
    @Test
    void case05ShouldNeverChangeTheUmask(GenvHosts hosts) throws IOException {
        String before = umask();
        GenvHost host = hosts.host();
        assertThat(umask()).isEqualTo(before);
        try (Activation _ = host.activate(ONE);
                DeviceLock _ = host.lock()) {
            assertThat(umask()).isEqualTo(before);
            Path file = Files.createFile(hosts.workingDirectory().resolve("mine"));
            host.saveConfiguration();
            assertThat(umask()).isEqualTo(before);
            int mask = Integer.parseInt(before.replaceAll("\\D", ""), 8);
            int mode = (Integer) Files.getAttribute(file, "unix:mode") & 0777;
            assertThat(mode).isEqualTo(0666 & ~mask);
        }
    }

    /** Case 5: and yet everybody can use what was created under a strict one. */
    @NotOnJson("files of their own modes")
    @Test
    void case05ShouldCreateFilesForEverybodyUnderAStrictUmask(GenvHosts hosts) throws IOException {
        try (Peer peer =
                Peer.on(hosts.stateDirectory(), 2, "16g", child -> child.wrapper(OtherUser.withStrictUmask()))) {
            peer.does("activate eid=a gpus=1");
            peer.exits();
        }
        int directory = (Integer) Files.getAttribute(hosts.stateDirectory(), "unix:mode") & 07777;
        assertThat(directory).isEqualTo(01777);
        try (var files = Files.list(hosts.stateDirectory())) {
            assertThat(files)
                    .isNotEmpty()
                    .allSatisfy(file -> assertThat(Files.getPosixFilePermissions(file))
                            .isEqualTo(PosixFilePermissions.fromString("rw-rw-rw-")));
        }
    }

    // ---- 6 ---------------------------------------------------------------------------------------------------------

    /** Case 6: locks nest. */
    @Test
    void case06ShouldNestLocks(GenvHost host) {
        try (Activation _ = host.activate(ONE);
                DeviceLock outer = host.lock();
                DeviceLock inner = host.lock()) {
            assertThat(inner.devices()).isEqualTo(outer.devices()).containsExactly(0);
        }
    }

    /** Case 6: locks have a time limit, and a stopped process hangs nobody who is not waiting for it. */
    @NotOnJson("waiting in a queue")
    @Test
    void case06ShouldNotHangOnAStoppedProcess(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 over");
            peer.does("lock");
            peer.process().stop();
            try (Activation activation =
                    host.activate(as("a", ONE).overSubscribed().waitUpTo(Duration.ofMinutes(1)))) {
                assertThat(activation.devices()).containsExactly(0);
                assertThat(host.tryLock(Duration.ofMillis(10))).isEmpty();
                assertThat(host.attach(DeviceRequest.gpus(2).overSubscribed())).containsExactly(0, 1);
                host.configure(EnvConfig.builder().name("on").build());
                assertThat(host.detach()).isEmpty();
                assertThat(host.snapshot().envs()).hasSize(2);
            }
            peer.process().resume();
            peer.exits();
        }
    }

    // ---- 7 ---------------------------------------------------------------------------------------------------------

    /** Case 7: the exit of a child ends neither the environment of its parent nor the lock. */
    @Test
    void case07ShouldKeepTheParentItsEnvironmentWhenAChildExits(GenvHosts hosts) {
        try (Peer parent = Peer.ofGenv(hosts.stateDirectory(), 2, child -> child)) {
            parent.does("activate eid=a gpus=1");
            parent.does("lock");
            assertThat(parent.does("childGetenv GENV_ENVIRONMENT_ID")).isEqualTo("a"); // it has exited
            try (Peer child = Peer.ofGenv(
                    hosts.stateDirectory(), 2, builder -> builder.environment("GENV_ENVIRONMENT_ID", "a"))) {
                assertThat(child.does("tryLock")).isEqualTo("absent");
                assertThat(child.does("attached")).isEqualTo("[0]");
                child.exits();
            }
            Snapshot after = hosts.host().snapshot();
            assertThat(after.env("a")).isPresent();
            assertThat(after.device(0).orElseThrow().lockHolders())
                    .extracting(DeviceInfo.LockHolder::pid)
                    .containsExactly(parent.process().pid());
            parent.exits();
        }
    }

    // ---- 8 ---------------------------------------------------------------------------------------------------------

    private static final String[] OWN_PIDS = {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};

    private static void assumeNamespaces() throws Exception {
        int status = new ProcessBuilder("unshare", "--pid", "--fork", "--mount-proc", "true")
                .redirectErrorStream(true)
                .start()
                .waitFor();
        org.junit.jupiter.api.Assumptions.assumeTrue(status == 0, "pid namespaces cannot be made by this user");
    }

    /** Case 8: processes of other pid namespaces with the same pid are told apart, and nobody purges them. */
    @NotOnJson("pid namespaces")
    @Test
    void case08ShouldTellProcessesOfPidNamespacesApart(GenvHosts hosts) throws Exception {
        assumeNamespaces();
        GenvHost host = hosts.host();
        try (Peer one = Peer.on(hosts.stateDirectory(), 2, "16g", child -> child.wrapper(OWN_PIDS));
                Peer two = Peer.on(hosts.stateDirectory(), 2, "16g", child -> child.wrapper(OWN_PIDS))) {
            String first = one.does("activate gpus=1");
            String second = two.does("activate gpus=1");
            assertThat(first).isEqualTo("1 [0]");
            assertThat(second).startsWith("1-").endsWith(" [1]");
            Refusal.on(host, DevicesUnavailableException.class, () -> host.activate(ONE), "eid=1");
            assertThat(host.snapshot().envs())
                    .hasSize(2)
                    .allSatisfy(env -> assertThat(env.pids()).containsExactly(1L));
            assertThat(two.does("envs")).contains("1");
            two.process().kill();
            assertThat(host.snapshot().envs()).hasSize(1);
            try (Activation next = host.activate(ONE)) {
                assertThat(next.devices()).containsExactly(1);
            }
            assertThat(one.does("attached")).isEqualTo("[0]");
            one.exits();
        }
        assertThat(Eventually.isEmpty(host.snapshot())).isTrue();
    }

    /** Case 8: a child that lives in another pid namespace keeps its environment. */
    @NotOnJson("pid namespaces")
    @Test
    void case08ShouldKeepTheEnvironmentOfAChildInAnotherPidNamespace(GenvHosts hosts) throws Exception {
        assumeNamespaces();
        GenvHost host = hosts.host();
        try (Peer peer = Peer.on(hosts.stateDirectory(), 2, "16g", child -> child.wrapper(OWN_PIDS))) {
            peer.does("activate eid=a gpus=2");
            peer.does("startSleeper");
            peer.does("close");
            assertThat(host.snapshot().envs()).hasSize(1);
            Refusal.on(host, DevicesUnavailableException.class, () -> host.activate(ONE), "eid=a");
            peer.does("endSleeper");
            Eventually.empty(host); // seen by the process that started it
            peer.exits();
        }
    }

    /** Case 8: a child that cannot be judged from here, dead or not, counts as alive, as the decisions have it. */
    @NotOnJson("pid namespaces")
    @Test
    @GenvTest(checkLeaks = false)
    void case08ShouldTakeAChildInAnotherPidNamespaceForAlive(GenvHosts hosts) throws Exception {
        assumeNamespaces();
        GenvHost host = hosts.host();
        try (Peer peer = Peer.on(hosts.stateDirectory(), 2, "16g", child -> child.wrapper(OWN_PIDS))) {
            peer.does("activate eid=a gpus=2");
            peer.does("startSleeper");
            peer.process().kill(); // the first process of its namespace, which ends after all others of it
        }
        Refusal.on(host, DevicesUnavailableException.class, () -> host.activate(ONE), "eid=a");
    }

    /** Runs in a pid namespace of its own, where it can decide which pid comes next. */
    static final class ReusesPid implements ChildTask {
        @Override
        public void run(ChildContext context) throws Exception {
            GenvOptions options = GenvOptions.builder()
                    .stateDirectory(Path.of(context.arguments().getFirst()))
                    .backend(SimulatedBackend.of(2))
                    .processEnvironment(false)
                    .build();
            Process member;
            try (GenvHost host = GenvHost.open(options);
                    Activation activation = host.activate(as("a", ONE))) {
                member = activation.start(new ProcessBuilder("sleep", "1000"));
            }
            try (GenvHost host = GenvHost.open(options)) {
                context.send("alive " + host.snapshot().envs().size());
            }
            Optional<java.time.Instant> started = member.info().startInstant();
            member.destroyForcibly().waitFor();
            Process stranger = null;
            for (int attempt = 0; attempt < 100 && stranger == null; attempt++) {
                Files.writeString(Path.of("/proc/sys/kernel/ns_last_pid"), Long.toString(member.pid() - 1));
                Process next = new ProcessBuilder("sleep", "1000").start();
                if (next.pid() == member.pid() && !next.info().startInstant().equals(started)) {
                    stranger = next;
                } else {
                    next.destroyForcibly().waitFor();
                }
            }
            if (stranger == null) {
                throw new IllegalStateException("the pid could not be had again: pid=" + member.pid());
            }
            try (GenvHost host = GenvHost.open(options)) {
                context.send("dead " + host.snapshot().envs().size());
                try (Activation activation = host.activate(join("a"))) {
                    context.send("anew " + activation.devices());
                }
            }
            stranger.destroyForcibly().waitFor();
        }
    }

    /** Case 8: a process that got the pid of a dead member keeps nothing alive. */
    @Test
    void case08ShouldNotTakeAReusedPidForTheMember(GenvHosts hosts) throws Exception {
        assumeNamespaces();
        try (ChildJvm child = ChildJvm.of(ReusesPid.class)
                .arguments(hosts.stateDirectory().toString())
                .wrapper(OWN_PIDS)
                .start()) {
            assertThat(child.expect("alive")).isEqualTo("1");
            assertThat(child.expect("dead")).isEqualTo("0");
            assertThat(child.expect("anew")).isEqualTo("[]");
            child.awaitExit();
        }
    }

    // ---- 9 ---------------------------------------------------------------------------------------------------------

    /** Case 9: a negative memory size is no size. */
    @Test
    void case09ShouldRefuseANegativeMemorySize(GenvHost host) {
        Refusal.on(host, IllegalArgumentException.class, () -> share("-1g"), "-1g");
        Refusal.on(host, IllegalArgumentException.class, () -> MemorySize.ofBytes(-1), "-1");
        Refusal.on(host, IllegalArgumentException.class, () -> share("0"));
    }

    /** Case 9: a share counts also where it was given without a number of GPUs. */
    @Test
    void case09ShouldCheckMemoryThatIsGivenWithoutACount(GenvHosts hosts) {
        EnvConfig ten = EnvConfig.builder().gpuMemory("10g").build();
        GenvHost host = hosts.host();
        GenvHost other = hosts.open();
        try (Activation _ = host.activate(as("a", ten));
                Activation _ = other.activate(as("b", ten))) {
            assertThat(host.attach(DeviceRequest.index(0))).containsExactly(0);
            Refusal.on(
                    other,
                    DevicesUnavailableException.class,
                    () -> other.attach(DeviceRequest.index(0)),
                    "eid=a",
                    "10g");
            assertThat(other.attach(DeviceRequest.gpus(1))).containsExactly(1);
            other.detach();
            other.configure(EnvConfig.builder().gpuMemory("17g").build());
            Refusal.on(other, DevicesUnavailableException.class, () -> other.attach(DeviceRequest.gpus(1)), "17g");
        }
    }

    // ---- 10 --------------------------------------------------------------------------------------------------------

    /** Case 10: configure after attach changes what is reserved, or is refused. */
    @Test
    void case10ShouldReserveWhatIsConfiguredAfterAttaching(GenvHosts hosts) {
        GenvHost host = hosts.host();
        GenvHost other = hosts.open();
        try (Activation _ = host.activate(as("a", share("2g")))) {
            host.configure(share("12g"));
            try (Activation second = other.activate(as("b", share("8g")))) {
                assertThat(second.devices()).containsExactly(1);
            }
            host.configure(share("2g"));
            try (Activation second = other.activate(as("b", share("8g")))) {
                assertThat(second.devices()).containsExactly(0);
                Refusal.on(host, DevicesUnavailableException.class, () -> host.configure(share("9g")), "9g", "8g");
                Refusal.on(host, DevicesUnavailableException.class, () -> host.configure(ONE), "whole");
            }
        }
    }

    // ---- 11 --------------------------------------------------------------------------------------------------------

    /** Case 11: an empty identifier is none. */
    @Test
    void case11ShouldNotTakeAnEmptyIdentifierForActive(GenvHosts hosts) {
        try (Peer peer =
                Peer.ofGenv(hosts.stateDirectory(), 2, child -> child.environment("GENV_ENVIRONMENT_ID", ""))) {
            assertThat(peer.does("active")).isEqualTo("false");
            assertThat(peer.does("eid")).isEmpty();
            assertThat(peer.does("activate eid=a gpus=1")).isEqualTo("a [0]");
            peer.does("close");
            assertThat(peer.does("getenv GENV_ENVIRONMENT_ID")).isEmpty();
            peer.exits();
        }
    }

    /** Case 11: an unknown identifier gives a clear error. */
    @Test
    void case11ShouldSayThatAnUnknownIdentifierIsUnknown(GenvHosts hosts) {
        for (String eid : List.of("nobody", "../x", "x".repeat(10_000))) {
            try (Peer peer =
                    Peer.ofGenv(hosts.stateDirectory(), 2, child -> child.environment("GENV_ENVIRONMENT_ID", eid))) {
                assertThat(peer.does("attached")).isEqualTo("[]");
                assertThat(peer.does("lock")).isEqualTo("[]");
                Refusal.isClear(peer.fails(NotActiveException.class, "attach gpus=1"), "eid=" + eid.substring(0, 4));
                Refusal.isClear(peer.fails(NotActiveException.class, "detach"), "eid=" + eid.substring(0, 4));
                assertThat(peer.does("envs")).isEqualTo("[]");
                peer.exits();
            }
        }
    }

    // ---- 12 --------------------------------------------------------------------------------------------------------

    /** Case 12: no planted symbolic link is followed. */
    @Test
    void case12ShouldLeaveTheVictimOfAPlantedLinkAlone(GenvHosts hosts) throws IOException {
        for (String name : List.of("genv.state", "genv.live")) {
            Path directory = Files.createDirectory(hosts.workingDirectory().resolve("planted-" + name));
            Path victim = Files.writeString(hosts.workingDirectory().resolve("victim-" + name), "precious");
            Files.createSymbolicLink(directory.resolve(name), victim);
            GenvOptions options = GenvOptions.builder()
                    .stateDirectory(directory)
                    .processEnvironment(false)
                    .build();
            Refusal.of(
                    StateException.class,
                    () -> GenvHost.open(options),
                    directory.resolve(name).toString(),
                    "link");
            assertThat(victim).hasContent("precious");
            assertThat(directory.resolve(name)).isSymbolicLink();
        }
    }

    // ---- 13 --------------------------------------------------------------------------------------------------------

    /** Case 13: nobody but its owner and root joins or detaches an environment. */
    @Test
    void case13ShouldKeepOthersOutOfAnEnvironment(GenvHosts hosts, @TempDir Path classes) throws IOException {
        OtherUser user = OtherUser.prepare(classes);
        OtherUser.letIn(hosts);
        GenvHost host = hosts.host();
        try (Activation mine = host.activate(as("a", ONE));
                Peer stranger = Peer.on(hosts.stateDirectory(), 2, "16g", user::as)) {
            Snapshot before = host.snapshot();
            Refusal.isClear(stranger.fails(AccessDeniedException.class, "activate eid=a"), "eid=a", "owner=root");
            Refusal.isClear(stranger.fails(AccessDeniedException.class, "activate eid=a gpus=2 memory=1g"), "eid=a");
            assertThat(host.snapshot()).isEqualTo(before);
            assertThat(stranger.does("activate eid=b gpus=1")).isEqualTo("b [1]");
            try (Activation root = hosts.open().activate(join("b"))) {
                assertThat(root.devices()).containsExactly(1);
            }
            stranger.exits();
            assertThat(mine.devices()).containsExactly(0);
        }
    }

    // ---- 14 --------------------------------------------------------------------------------------------------------

    /** Case 14: two threads of one process have an environment each. */
    @Test
    void case14ShouldGiveEachThreadAnEnvironment(GenvHost host) throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        List<Background<String>> threads = List.of("a", "b").stream()
                .map(eid -> Background.start(() -> host.<String, Exception>call(as(eid, ONE), () -> {
                    both.await();
                    String seen = host.eid().orElseThrow() + host.attached();
                    both.await();
                    return seen;
                })))
                .toList();
        String first = threads.get(0).result();
        String second = threads.get(1).result();
        assertThat(List.of(first, second)).isIn(List.of(List.of("a[0]", "b[1]"), List.of("a[1]", "b[0]")));
    }

    // ---- 15 --------------------------------------------------------------------------------------------------------

    /** Case 15: -1 is no index, an unknown index is named as such, and too large a count says what there is. */
    @Test
    void case15ShouldSayWhatIsWrongWithAnIndexOrACount(GenvHost host) {
        try (Activation _ = host.activate(as("a", ONE))) {
            Refusal.on(host, IllegalArgumentException.class, () -> host.attach(DeviceRequest.index(-1)), "-1");
            Refusal.on(host, IllegalArgumentException.class, () -> host.detach(-1), "-1", "0", "1");
            assertThat(host.attached()).containsExactly(0);
            Refusal.on(host, IllegalArgumentException.class, () -> host.attach(DeviceRequest.index(2)), "2", "0", "1");
            DevicesUnavailableException many = Refusal.on(
                    host, DevicesUnavailableException.class, () -> host.attach(DeviceRequest.gpus(3)), "asked=3", "=2");
            assertThat(many.asked()).isEqualTo(3);
            assertThatThrownBy(() -> DeviceRequest.gpus(-1)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
