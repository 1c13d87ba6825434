// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.GenvOptions.Sharing;
import genv.api.StateException;
import genv.core.os.ChildJvm;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.NativeDirectory;
import genv.core.os.Shell;
import genv.core.os.Users;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StateDirectoryTest {
    private static final int NOBODY = 65534;

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @CsvSource({
        "077, EVERYONE, 1777, 1666",
        "000, EVERYONE, 1777, 1666",
        "077, GROUP, 3770, 1660",
        "000, GROUP, 3770, 1660"
    })
    void shouldHaveItsModesWhateverTheUmaskIs(String umask, Sharing sharing, String directoryMode, String fileMode)
            throws IOException {
        Path path = temporary.resolve("genv");
        List<String> shell = List.of("sh", "-c", "umask " + umask + "; exec \"$@\"", "sh");

        try (ChildJvm child = ChildJvm.startThrough(shell, FileChild.class, path.toString(), sharing.name(), "8192")) {
            assertThat(child.readLine()).isEqualTo("created 67656e76");
        }

        assertThat(mode(path)).isEqualTo(directoryMode);
        assertThat(mode(path.resolve("genv.state"))).isEqualTo(fileMode);
        assertThat(mode(path.resolve("genv.live"))).isEqualTo(fileMode);
        assertThat(Files.size(path.resolve("genv.live"))).isZero();
        assertOnly(temporary, "genv");
        assertOnly(path, "genv.live", "genv.state");
    }

    @Test
    void shouldLeaveTheModeOfAnExistingDirectoryAlone() throws IOException {
        Path path = Files.createDirectory(temporary.resolve("genv"));
        Shell.run("chmod", "0750", path.toString());

        StateDirectory.open(path, Sharing.EVERYONE).close();

        assertThat(mode(path)).isEqualTo("750");
    }

    @Test
    void shouldNotCareWhoCreatesItFirst() {
        Path path = temporary.resolve("genv");
        List<Thread> threads = IntStream.range(0, 8)
                .mapToObj(i -> Thread.ofPlatform().unstarted(() -> {
                    StateDirectory directory = StateDirectory.open(path, Sharing.EVERYONE);
                    directory.ensureFile("genv.live");
                    directory.close();
                }))
                .toList();
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        threads.forEach(thread -> thread.setUncaughtExceptionHandler((where, failure) -> failures.add(failure)));
        threads.forEach(Thread::start);
        threads.forEach(StateDirectoryTest::join);

        assertThat(failures).isEmpty();
        assertOnly(temporary, "genv");
        assertOnly(path, "genv.live");
    }

    @Test
    void shouldRefuseALink() throws IOException {
        Path target = Files.createDirectory(temporary.resolve("target"));
        Path link = Files.createSymbolicLink(temporary.resolve("genv"), target);

        assertRefused(link, "symbolic link");
        Files.delete(target);
        assertRefused(link, "symbolic link");
        assertThat(Files.exists(target)).isFalse();
    }

    @Test
    void shouldRefuseAFile() throws IOException {
        Path file = Files.writeString(temporary.resolve("genv"), "content");

        assertRefused(file, "not a directory", "kind=regular file");
        assertRefused(file.resolve("below"), "not a directory");
        assertThat(file).hasContent("content");
    }

    @Test
    void shouldRefuseAFifo() {
        Path fifo = temporary.resolve("genv");
        Shell.run("mkfifo", fifo.toString());

        assertRefused(fifo, "not a directory", "kind=FIFO");
    }

    @Test
    void shouldCreateOnlyTheLastElement() {
        Path path = temporary.resolve("absent").resolve("genv");

        assertRefused(path, "parent does not exist", "parent=" + temporary.resolve("absent"));
        assertThat(temporary.resolve("absent")).doesNotExist();
    }

    @Test
    void shouldRefuseANameThatIsTooLong() {
        assertRefused(temporary.resolve("x".repeat(300)), "too long");
    }

    @Test
    void shouldRefuseAnotherFileSystemProvider() throws IOException {
        URI archive = URI.create("jar:" + temporary.resolve("a.zip").toUri());
        try (FileSystem zip = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
            assertThatThrownBy(() -> StateDirectory.open(zip.getPath("/genv"), Sharing.EVERYONE))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("scheme=jar");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0700", "0555", "0711", "0755"})
    void shouldSayWhoMayWhenAnotherUserMayNot(String mode) throws IOException {
        Path path = Files.createDirectory(temporary.resolve("genv"));
        Shell.run("chmod", mode, path.toString());

        assertThat(openAsNobody(path))
                .startsWith("StateException: the state directory cannot be read, written and searched")
                .contains("path=" + path, "mode=" + mode.substring(1), "owner=0", "uid=" + NOBODY);
    }

    @Test
    void shouldSayThatItsParentMayNotBeWritten() throws IOException {
        Path parent = Files.createDirectory(temporary.resolve("parent"));
        Shell.run("chmod", "755", parent.toString());

        assertThat(openAsNobody(parent.resolve("genv")))
                .startsWith("StateException: the state directory could not be created: permission denied")
                .contains("path=" + parent.resolve("genv"), "uid=" + NOBODY);
    }

    @Test
    void shouldSayThatItsFileMayNotBeWritten() throws IOException {
        Path path = temporary.resolve("genv");
        try (StateDirectory directory = StateDirectory.open(path, Sharing.EVERYONE)) {
            directory.ensureFile("genv.live");
            Files.write(directory.resolve("genv.state"), new byte[8192]);
            Shell.run("chmod", "644", directory.resolve("genv.state").toString());
        }

        assertThat(openAsNobody(path))
                .startsWith("StateException: the state file could not be opened: permission denied")
                .contains("path=" + path.resolve("genv.state"), "mode=644", "owner=0", "uid=" + NOBODY);
    }

    @Test
    void shouldGiveItsFilesTheGroupOfTheDirectory() throws IOException {
        Assumptions.assumeTrue(Users.isRoot(), "only root may give a directory to a group it is not in");
        Path path = Files.createDirectory(temporary.resolve("genv"));
        Shell.run("chgrp", Integer.toString(NOBODY), path.toString());

        try (StateDirectory directory = StateDirectory.open(path, Sharing.GROUP)) {
            assertThat(Files.getAttribute(directory.ensureFile("genv.live"), "unix:gid"))
                    .isEqualTo(NOBODY);
        }
        assertThat(mode(path.resolve("genv.live"))).isEqualTo("1660");
    }

    @Test
    void shouldServeAnotherUserWhenEverybodyShares() throws IOException {
        Path path = temporary.resolve("genv");
        try (StateDirectory directory = StateDirectory.open(path, Sharing.EVERYONE);
                SharedFile file = SharedFile.openOrCreate(directory, "genv.state", 8192, segment -> {})) {
            directory.ensureFile("genv.live");

            assertThat(openAsNobody(path)).isEqualTo("opened 0");
            assertThat(file.isIntact()).isTrue();
        }
    }

    @Test
    void shouldAcceptADirectoryThatAnotherUserCreatedFirst() throws IOException {
        Path parent = Files.createDirectory(temporary.resolve("parent"));
        Shell.run("chmod", "1777", parent.toString());
        Path path = parent.resolve("genv");
        assertThat(openAsNobody(path)).isEqualTo("created 67656e76");

        StateDirectory.open(path, Sharing.EVERYONE).close();
    }

    @Test
    void shouldRefuseADirectoryInWhichAStrangerLetsEverybodyRemoveFiles() throws IOException {
        Assumptions.assumeTrue(Users.isRoot(), "only root may give a directory away");
        Path path = Files.createDirectory(temporary.resolve("genv"));
        Shell.run("chmod", "0777", path.toString());

        StateDirectory.open(path, Sharing.EVERYONE).close();

        Shell.run("chown", Integer.toString(NOBODY), path.toString());
        assertRefused(path, "everybody may remove", "owner=" + NOBODY, "chmod +t");
        Shell.run("chmod", "+t", path.toString());
        StateDirectory.open(path, Sharing.EVERYONE).close();
    }

    @Test
    void shouldSayThatTheFileSystemIsReadOnly() throws IOException {
        try (Mount mount = Mount.tmpfs(Files.createDirectory(temporary.resolve("mount")), "size=1m")) {
            Path path = Files.createDirectory(mount.path().resolve("genv"));
            mount.remount("ro");

            assertRefused(path, "read-only");
            assertRefused(mount.path().resolve("other"), "read-only");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"genv.state", "genv.live"})
    void shouldRefuseToEnsureAFileThatIsSomethingElse(String name) throws IOException {
        Path victim = Files.writeString(temporary.resolve("victim"), "content");
        Path path = Files.createDirectory(temporary.resolve("genv"));
        try (StateDirectory directory = StateDirectory.open(path, Sharing.EVERYONE)) {
            Files.createSymbolicLink(path.resolve(name), victim);
            assertThatThrownBy(() -> directory.ensureFile(name))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("kind=symbolic link");
            Files.delete(path.resolve(name));

            Files.createLink(path.resolve(name), victim);
            assertThatThrownBy(() -> directory.ensureFile(name))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("links=2");
        }
        assertThat(victim).hasContent("content");
    }

    @Test
    void shouldKeepToTheDirectoryThatWasCheckedWhenItsPathIsTakenOver() throws IOException {
        Path path = temporary.resolve("genv");
        Path moved = temporary.resolve("moved");
        try (StateDirectory directory = StateDirectory.open(path, Sharing.EVERYONE)) {
            Files.move(path, moved);
            Files.createDirectory(path);

            SharedFile.openOrCreate(directory, "genv.state", 4096, segment -> {})
                    .close();
        }
        assertOnly(moved, "genv.state");
        assertOnly(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nfs",
                "nfs4",
                "NFS4",
                "cifs",
                "smb3",
                "9p",
                "lustre",
                "ceph",
                "afs",
                "gfs2",
                "ocfs2",
                "beegfs",
                "fuse.sshfs",
                "fuse.glusterfs",
                "fuse.s3fs"
            })
    void shouldKnowNetworkFileSystems(String type) {
        assertThat(NetworkFileSystems.isShared(type)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "virtiofs", "fuse.fuse-overlayfs", "fuseblk"})
    void shouldKnowLocalFileSystems(String type) {
        assertThat(NetworkFileSystems.isShared(type)).isFalse();
    }

    @Test
    void shouldNotFindANetworkFileSystemHere() {
        assertThat(NetworkFileSystems.typeOf(temporary)).isEmpty();
    }

    @Test
    void shouldHaveItsModeWhereItCannotBeRenamed() throws IOException {
        Path path = temporary.resolve("genv");
        try (NativeDirectory place = NativeDirectory.openPlace(temporary)) {
            DirectoryCreator.createInPlace(place, "genv", 01777, path);
            assertThat(mode(path)).isEqualTo("1777");

            DirectoryCreator.createInPlace(place, "genv", 03770, path);
            assertThat(mode(path)).isEqualTo("1777");
        }
    }

    @Test
    void shouldFallBackWhereNamesCannotBeKeptFree() throws IOException {
        try (StateDirectory directory = StateDirectory.open(temporary.resolve("genv"), Sharing.EVERYONE)) {
            FileCreator creator = new FileCreator(directory, "file");
            try (PrivateFile made = creator.create()) {
                assertThat(creator.publishByLink(made)).isTrue();
                assertThat(made.file().status().links()).isEqualTo(1);
            }
            try (PrivateFile late = creator.create()) {
                assertThat(creator.publishByLink(late)).isFalse();
            }
            assertOnly(directory.path(), "file");
            NativeDirectory files = directory.directory();
            assertThatThrownBy(() -> files.renameToFree("file", "file"))
                    .isInstanceOfSatisfying(
                            ErrnoException.class,
                            failed -> assertThat(failed.errno()).isEqualTo(Errno.EEXIST));
        }
    }

    /** What a process of another user prints; skips the test where that cannot be had. */
    private String openAsNobody(Path path) throws IOException {
        Assumptions.assumeTrue(Users.isRoot(), "only root may become another user");
        Shell.run("chmod", "711", temporary.toString());
        String user = Integer.toString(NOBODY);
        List<String> prefix = List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups");
        Shell.runIfPermitted("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups", "true");
        Path classes = Files.createDirectory(temporary.resolve("classes"));
        String classPath = ChildJvm.copyClassPath(classes);
        try (ChildJvm child = ChildJvm.startThrough(
                prefix, classPath, FileChild.class, path.toString(), Sharing.EVERYONE.name(), "8192")) {
            return child.readLine();
        }
    }

    private static void assertRefused(Path path, String... parts) {
        assertThatThrownBy(() -> StateDirectory.open(path, Sharing.EVERYONE))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("path=" + path)
                .hasMessageContainingAll(parts);
    }

    private static void assertOnly(Path directory, String... names) {
        try (var entries = Files.list(directory)) {
            assertThat(entries.map(entry -> String.valueOf(entry.getFileName())))
                    .containsExactlyInAnyOrder(names);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static String mode(Path path) throws IOException {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return Integer.toOctalString(mode & 07777);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
