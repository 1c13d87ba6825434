// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.NotActiveException;
import genv.api.StateException;
import genv.it.check.Refusal;
import genv.it.peer.OtherUser;
import genv.it.peer.Peer;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users, other programs and other users do to the files of a directory of Genv, under running hosts. */
class PythonFilesTest {
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

    private Path file(String name) {
        return state.directory().resolve(name);
    }

    // ---- another kind of state -------------------------------------------------------------------------------------

    @Test
    void shouldGiveNothingOutOnceAMappedStateHasComeBesideTheFiles() throws IOException {
        try (GenvHost host = state.open()) {
            Activation mine = host.activate(ONE);
            Files.createFile(file("genv.state"));
            Refusal.of(StateException.class, () -> host.attach(genv.api.DeviceRequest.gpus(2)), "two states", "delete");
            Refusal.of(StateException.class, host::lock, "two states", "genv.state");
            assertThat(FlockTool.isFree(file("devices/0.lock"))).isTrue();
            Refusal.of(StateException.class, state::open, "two states");
            mine.close(); // what is given back does no harm
            assertThat(state.devicesText()).doesNotContain("eid");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldGiveNothingOutOfAMappedStateOnceGenvHasMadeItsFilesBesideIt() throws Exception {
        Files.delete(file("envs.json"));
        Files.delete(file("devices.json"));
        try (GenvHost host = state.open()) {
            Activation mine = host.activate(ONE);
            state.envs();
            // the directory is looked at every 10 ms
            Refusal.of(
                    StateException.class,
                    () -> {
                        for (long start = System.nanoTime(); System.nanoTime() - start < 10_000_000_000L; ) {
                            host.detach();
                            host.attach(genv.api.DeviceRequest.gpus(1));
                        }
                    },
                    "two states",
                    "of_python_genv=[envs.json]",
                    "delete genv.state",
                    "delete envs.json");
            mine.close();
            assertThat(host.snapshot().envs()).isEmpty();
        }
    }

    @Test
    void shouldGiveNothingOutWhileFilesOfGenvAreThereAfterAHostHasSeenThemRemoved() throws IOException {
        try (GenvHost old = state.open()) {
            Files.delete(file("envs.json"));
            Files.delete(file("devices.json"));
            try (GenvHost mapped = state.open();
                    Activation other = mapped.activate(ONE)) {
                assertThat(other.devices()).containsExactly(0);
                Refusal.of(StateException.class, () -> old.activate(ONE), "two states");
                assertThat(file("envs.json")).doesNotExist();
            }
        }
    }

    // ---- files that come and go ------------------------------------------------------------------------------------

    @Test
    void shouldTakeFilesThatAreRemovedForAnEmptyState() throws IOException {
        try (GenvHost host = state.open()) {
            Activation mine = host.activate(ONE);
            Files.delete(file("envs.json"));
            assertThat(host.attached()).isEmpty();
            Refusal.of(NotActiveException.class, () -> host.attach(genv.api.DeviceRequest.gpus(1)), "eid=mine");
            mine.close();
            Files.delete(file("devices.json"));
            Files.writeString(file("envs.json"), "{\"envs\": []}");
            try (Activation again = host.activate(ONE)) {
                assertThat(again.devices()).containsExactly(0);
            }
        }
    }

    @Test
    void shouldSeeWhatIsRenamedOverItsFiles() throws Exception {
        Process shell = new ProcessBuilder("sleep", "1000").start();
        try (GenvHost host = state.open()) {
            PythonState other = PythonState.create(Files.createDirectory(parent.resolve("other")));
            Path envs = other.envs(
                    PythonState.env("e44", java.time.LocalDateTime.now(java.time.ZoneId.systemDefault()), shell.pid()));
            Path devices = other.devices("e44", "");
            Files.move(devices, file("devices.json"), StandardCopyOption.REPLACE_EXISTING);
            Files.move(envs, file("envs.json"), StandardCopyOption.REPLACE_EXISTING);
            try (Activation mine = host.activate(ONE)) {
                assertThat(mine.devices()).containsExactly(1);
                assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactly("e44", "mine");
            }
        } finally {
            shell.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldFollowNoLinkAndOpenNothingButFiles() throws Exception {
        Path victim = Files.writeString(parent.resolve("victim"), "{\"envs\": []}");
        try (GenvHost host = state.open()) {
            Path envs = file("envs.json");
            Files.delete(envs);
            Files.createSymbolicLink(envs, victim);
            Refusal.of(StateException.class, () -> host.activate(ONE), "symbolic link", "path=" + envs);
            Refusal.of(StateException.class, state::open, "symbolic link");
            Files.delete(envs);
            Files.createDirectory(envs);
            Refusal.of(StateException.class, () -> host.activate(ONE), "path=" + envs);
            Files.delete(envs);
            assertThat(new ProcessBuilder("mkfifo", envs.toString()).start().waitFor())
                    .isZero();
            Refusal.of(StateException.class, () -> host.activate(ONE), "FIFO", "path=" + envs);
            Files.delete(envs);
            Files.createLink(envs, victim);
            host.activate(ONE).close();
            assertThat(victim).as("its other name").hasContent("{\"envs\": []}");
            assertThat(Files.isSameFile(envs, victim)).isFalse();
            Files.createSymbolicLink(file("envs.json.genv.tmp"), victim);
            host.activate(ONE).close();
            assertThat(victim).hasContent("{\"envs\": []}");
            assertThat(Files.exists(file("envs.json.genv.tmp"), LinkOption.NOFOLLOW_LINKS))
                    .isFalse();
        }
    }

    @Test
    void shouldGiveNothingOutOfADirectoryThatWasMovedAway() throws Exception {
        try (GenvHost host = state.open()) {
            Path moved = Files.move(state.directory(), parent.resolve("moved"));
            Refusal.of(StateException.class, () -> host.activate(ONE), "moved away", "path=" + state.directory());
            PythonState fresh = PythonState.create(parent);
            Refusal.of(StateException.class, () -> host.activate(ONE), "moved away");
            try (GenvHost other = fresh.open();
                    Activation theirs = other.activate(ONE)) {
                assertThat(theirs.devices()).containsExactly(0);
                Refusal.of(StateException.class, () -> host.activate(ONE), "moved away");
            }
            assertThat(new PythonState(moved).envsText()).doesNotContain("mine");
        }
    }

    @Test
    void shouldLockTheFilesThatOthersFindOnceTheFolderWasReplaced() throws Exception {
        FlockTool.assumeThere();
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            host.lock().close();
            Files.move(file("devices"), parent.resolve("moved"));
            Files.createDirectory(file("devices")); // by the next Genv command
            try (DeviceLock _ = host.lock()) {
                assertThat(FlockTool.isFree(file("devices/0.lock"))).isFalse();
            }
            try (FlockTool _ = FlockTool.hold(file("devices/0.lock"))) {
                assertThat(host.tryLock()).isEmpty();
            }
        }
    }

    // ---- rights ----------------------------------------------------------------------------------------------------

    @Test
    void shouldLeaveAFileToItsOwnerAndGroupWhenRootReplacesIt() throws Exception {
        OtherUser.prepare(parent); // only where this is root
        for (String name : new String[] {"envs.json", "devices.json"}) {
            Files.setAttribute(file(name), "unix:uid", OtherUser.UID);
            Files.setAttribute(file(name), "unix:gid", OtherUser.UID);
            Files.setPosixFilePermissions(file(name), PosixFilePermissions.fromString("rw-r-----"));
        }
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            for (String name : new String[] {"envs.json", "devices.json"}) {
                assertThat(Files.getAttribute(file(name), "unix:uid")).isEqualTo(OtherUser.UID);
                assertThat(Files.getAttribute(file(name), "unix:gid")).isEqualTo(OtherUser.UID);
                assertThat(Files.getPosixFilePermissions(file(name)))
                        .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
            }
        }
    }

    @Test
    void shouldLetEveryUserInWhateverTheUmask() throws Exception {
        OtherUser other = OtherUser.prepare(parent);
        Files.delete(file("devices.json"));
        try (Peer stranger =
                Peer.on(state.directory(), 2, "16g", child -> other.as(child, OtherUser.withStrictUmask()))) {
            stranger.does("activate eid=theirs gpus=2 memory=1g");
            stranger.does("lock");
            try (Stream<Path> files = Files.walk(state.directory())) {
                assertThat(files.filter(Files::isRegularFile))
                        .hasSize(5)
                        .allMatch(each -> permissionsOf(each).equals("rw-rw-rw-"));
            }
            stranger.does("unlock");
            try (GenvHost host = state.open();
                    Activation mine = host.activate(
                            EnvConfig.builder().gpus(2).gpuMemory("1g").build());
                    DeviceLock lock = host.lock()) {
                assertThat(lock.devices()).isEqualTo(mine.devices()).containsExactly(0, 1);
            }
            assertThat(stranger.does("lock")).isEqualTo("[0, 1]");
            stranger.exits();
        }
    }

    private static String permissionsOf(Path file) {
        try {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldSayWhoseFileItMayNotReadAndWhoseDirectoryItMayNotWrite() throws Exception {
        OtherUser other = OtherUser.prepare(parent);
        Files.setPosixFilePermissions(file("envs.json"), PosixFilePermissions.fromString("rw-------"));
        try (Peer stranger = Peer.ofGenv(state.directory(), 2, other::as)) {
            Refusal.isClear(
                    stranger.fails(StateException.class, "activate eid=a gpus=1"),
                    "permission denied",
                    "path=" + file("envs.json"),
                    "uid=" + OtherUser.UID,
                    "ask the owner");
            Files.setPosixFilePermissions(file("envs.json"), PosixFilePermissions.fromString("rw-rw-rw-"));
            Files.setPosixFilePermissions(state.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
            Refusal.isClear(
                    stranger.fails(StateException.class, "activate eid=a gpus=1"),
                    "path=" + state.directory(),
                    "ask its owner");
            Files.setPosixFilePermissions(state.directory(), PosixFilePermissions.fromString("rwxrwxrwx"));
            assertThat(stranger.does("activate eid=a gpus=1")).isEqualTo("a [0]");
            // the right to make files goes while it runs
            Files.setPosixFilePermissions(state.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
            Refusal.isClear(
                    stranger.fails(StateException.class, "attach gpus=2"),
                    "could not be written, it is as it was",
                    "permission denied");
            assertThat(state.devicesText()).containsOnlyOnce("\"eid\": \"a\"");
            Files.setPosixFilePermissions(state.directory(), PosixFilePermissions.fromString("rwxrwxrwx"));
            stranger.exits();
        }
        state.open().close();
        assertThat(state.envsText()).doesNotContain("\"a\"");
    }

    /** After a mapped state, whose directory has the bit, was deleted as the message says. */
    @Test
    void shouldTakeAwayTheStickyBitThatAMappedStateHasLeft() throws Exception {
        Files.createFile(file("genv.state"));
        Refusal.of(StateException.class, state::open, "two states", "chmod -t " + state.directory());
        Files.delete(file("genv.state"));
        setSticky();
        state.open().close();
        assertThat(mode()).isEqualTo(0777);
    }

    @Test
    void shouldLeaveTheStickyBitWhereOtherThingsAreInTheDirectory() throws Exception {
        Files.createFile(file("somebody's"));
        setSticky();
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            assertThat(mode()).isEqualTo(01777);
        }
    }

    @Test
    void shouldSayWhatToDoAboutTheStickyBitToWhoMayNotReplaceAFile() throws Exception {
        OtherUser other = OtherUser.prepare(parent);
        setSticky();
        String before = state.envsText();
        try (Peer stranger = Peer.ofGenv(state.directory(), 2, other::as)) {
            Refusal.isClear(
                    stranger.fails(StateException.class, "activate eid=a gpus=1"),
                    "sticky bit",
                    "as it was",
                    "uid=" + OtherUser.UID,
                    "chmod -t " + state.directory());
            assertThat(state.envsText()).isEqualTo(before);
            state.open().close(); // its owner
            assertThat(stranger.does("activate eid=a gpus=1")).isEqualTo("a [0]");
            stranger.exits();
        }
    }

    private void setSticky() throws IOException {
        Files.setAttribute(state.directory(), "unix:mode", 01777);
        assertThat(mode()).isEqualTo(01777);
    }

    private int mode() throws IOException {
        return (Integer) Files.getAttribute(state.directory(), "unix:mode") & 07777;
    }

    // ---- containers ------------------------------------------------------------------------------------------------

    /** As a container runtime makes it: a folder of root with the lock files that were given, and another user inside. */
    @Test
    void shouldFindAndLockItsDevicesInAContainerWhereItMayWriteNothingElse() throws Exception {
        OtherUser other = OtherUser.prepare(parent);
        Files.delete(file("envs.json"));
        Files.delete(file("devices.json"));
        Files.createDirectory(file("devices"));
        Files.createFile(file("devices/1.lock"));
        Files.setPosixFilePermissions(file("devices/1.lock"), PosixFilePermissions.fromString("rw-rw-rw-"));
        Files.setPosixFilePermissions(state.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Peer inside = Peer.ofGenv(state.directory(), 2, child -> inContainer(other.as(child)))) {
            assertThat(inside.does("attached")).isEqualTo("[1]");
            assertThat(inside.does("lock")).isEqualTo("[1]");
            assertThat(FlockTool.isFree(file("devices/1.lock"))).isFalse();
            inside.does("unlock");
            inside.exits();
        }
        assertThat(permissionsOf(file("devices/1.lock"))).isEqualTo("rw-rw-rw-");
    }

    @Test
    void shouldMakeNothingInAContainerThatWasGivenNoDevice() throws Exception {
        try (Peer inside = Peer.ofGenv(state.directory(), 2, PythonFilesTest::inContainer)) {
            assertThat(inside.does("attached")).isEqualTo("[]");
            assertThat(inside.does("lock")).isEqualTo("[]");
            assertThat(inside.does("envs")).isEqualTo("[e44]");
            inside.exits();
        }
        try (Stream<Path> files = Files.list(state.directory())) {
            assertThat(files.map(each -> String.valueOf(each.getFileName())))
                    .containsExactlyInAnyOrder("envs.json", "devices.json");
        }
    }

    @Test
    void shouldMakeNoStateInAContainerThatWasGivenNothing() throws Exception {
        Files.delete(file("envs.json"));
        Files.delete(file("devices.json"));
        for (Path directory : List.of(state.directory(), parent.resolve("absent"))) {
            try (Peer inside = Peer.ofGenv(directory, 2, PythonFilesTest::inContainer)) {
                assertThat(inside.does("attached")).isEqualTo("[]");
                assertThat(inside.does("lock")).isEqualTo("[]");
                assertThat(inside.does("envs")).isEqualTo("[e44]");
                Refusal.isClear(
                        inside.fails(genv.api.GenvException.class, "attach gpus=1"),
                        "in a container",
                        "path=" + directory,
                        "do it there");
                inside.exits();
            }
        }
        assertThat(state.directory()).isEmptyDirectory();
        assertThat(parent.resolve("absent")).doesNotExist();
    }

    @Test
    void shouldLockItsDevicesInAContainerWhereNothingCanBeWritten() throws Exception {
        Files.delete(file("envs.json"));
        Files.delete(file("devices.json"));
        Files.createDirectory(file("devices"));
        Files.createFile(file("devices/1.lock"));
        String mounted = state.directory().toString();
        Assumptions.assumeTrue(
                runs("mount", "--bind", mounted, mounted) && runs("mount", "-o", "remount,bind,ro", mounted),
                "needs the right to mount");
        try (Peer inside = Peer.ofGenv(state.directory(), 2, PythonFilesTest::inContainer)) {
            assertThat(inside.does("attached")).isEqualTo("[1]");
            assertThat(inside.does("lock")).isEqualTo("[1]");
            assertThat(FlockTool.isFree(file("devices/1.lock"))).isFalse();
            inside.does("unlock");
            assertThat(FlockTool.isFree(file("devices/1.lock"))).isTrue();
            inside.exits();
        } finally {
            assertThat(runs("umount", mounted)).isTrue();
        }
    }

    private static boolean runs(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).start().waitFor() == 0;
    }

    private static ChildJvm.Builder inContainer(ChildJvm.Builder child) {
        return child.environment("GENV_CONTAINER", "1").environment("GENV_ENVIRONMENT_ID", "e44");
    }
}
