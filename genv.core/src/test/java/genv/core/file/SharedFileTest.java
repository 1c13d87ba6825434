// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.GenvOptions.Sharing;
import genv.api.StateException;
import genv.core.os.ChildJvm;
import genv.core.os.Futex;
import genv.core.os.Shell;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFileTest {
    private static final String NAME = "genv.state";
    private static final long SIZE = 8192;

    @TempDir
    private Path temporary;

    private StateDirectory directory;
    private Path path;

    @BeforeEach
    void openDirectory() {
        directory = StateDirectory.open(temporary.resolve("genv"), Sharing.EVERYONE);
        path = directory.resolve(NAME);
    }

    @AfterEach
    void closeDirectory() {
        directory.close();
    }

    @Test
    void shouldInitialiseANewFileOnce() {
        try (SharedFile first = openOrCreate(segment -> segment.set(JAVA_LONG, 0, 42));
                SharedFile second = openOrCreate(SharedFileTest::fail)) {
            assertThat(first.isCreated()).isTrue();
            assertThat(second.isCreated()).isFalse();
            assertThat(second.segment().byteSize()).isEqualTo(SIZE);
            assertThat(second.segment().get(JAVA_LONG, 0)).isEqualTo(42);
            assertThat(second.segment().get(JAVA_LONG, SIZE - 8)).isZero();

            second.segment().set(JAVA_LONG, SIZE - 8, 43);
            assertThat(first.segment().get(JAVA_LONG, SIZE - 8)).isEqualTo(43);
        }
        assertOnly(NAME);
    }

    @Test
    void shouldBeCreatedByOneOfManyProcesses() {
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                children.add(ChildJvm.start(FileChild.class, directory.path().toString(), "EVERYONE", "1048576"));
            }
            List<String> answers = children.stream().map(ChildJvm::readLine).toList();

            assertThat(answers).filteredOn("created 67656e76"::equals).hasSize(1);
            assertThat(answers).filteredOn("opened 67656e76"::equals).hasSize(3);
        } finally {
            children.forEach(ChildJvm::close);
        }
        assertOnly(NAME, "genv.live");
    }

    @Test
    void shouldLeaveNothingWhenInitializerFails() {
        assertThatThrownBy(() -> openOrCreate(SharedFileTest::fail)).isInstanceOf(IllegalStateException.class);

        assertOnly();
    }

    @Test
    void shouldNeverShowTheFileOfACreatorThatWasKilled() {
        try (ChildJvm child =
                ChildJvm.start(FileChild.Dying.class, directory.path().toString())) {
            assertThat(child.readLine()).isEqualTo("fills");
            assertThat(path).doesNotExist();
            assertThat(temporaries()).hasSize(1);

            // as long as it lives its file is left alone
            new FileCreator(directory, NAME).removeAbandoned();
            assertThat(temporaries()).hasSize(1);

            child.kill();
            assertThat(path).doesNotExist();
        }
        try (SharedFile file = openOrCreate(segment -> {})) {
            assertThat(file.isCreated()).isTrue();
        }
        assertOnly(NAME);
    }

    @Test
    void shouldStartOverWhenItsUnfinishedFileIsRemoved() {
        try (SharedFile file = openOrCreate(segment -> {
            if (segment.get(JAVA_LONG, 0) == 0 && !Files.exists(temporary.resolve("removed"))) {
                temporaries().forEach(SharedFileTest::delete);
                create(temporary.resolve("removed"));
            }
            segment.set(JAVA_LONG, 0, 7);
        })) {
            assertThat(file.isCreated()).isTrue();
            assertThat(file.isIntact()).isTrue();
            assertThat(file.isInPlace()).isTrue();
        }
        assertOnly(NAME);
    }

    @Test
    void shouldUseTheWinnersFileWhenAnotherOneWasFaster() {
        AtomicReference<SharedFile> winner = new AtomicReference<>();
        try (SharedFile loser = openOrCreate(segment -> winner.set(openOrCreate(own -> own.set(JAVA_LONG, 0, 1))))) {
            assertThat(loser.isCreated()).isFalse();
            assertThat(loser.segment().get(JAVA_LONG, 0)).isEqualTo(1);
            assertThat(winner.get().isInPlace()).isTrue();
        } finally {
            winner.get().close();
        }
        assertOnly(NAME);
    }

    @Test
    void shouldFinishWhatACreatorLeftWithTwoNames() throws IOException {
        openOrCreate(segment -> {}).close();
        Path second = directory.resolve(NAME + ".0123456789abcdef.tmp");
        Files.createLink(second, path);

        openOrCreate(SharedFileTest::fail).close();

        assertThat(second).doesNotExist();
    }

    @Test
    void shouldLeaveFilesAloneThatAreNotItsOwn() throws IOException {
        Files.createFile(directory.resolve(NAME + ".tmp"));
        Files.createFile(directory.resolve(NAME + ".0123456789ABCDEF.tmp"));
        Files.createFile(directory.resolve("other.0123456789abcdef.tmp"));
        Files.createDirectory(directory.resolve(NAME + ".0123456789abcdef.tmp"));

        openOrCreate(segment -> {}).close();

        assertOnly(
                NAME,
                NAME + ".tmp",
                NAME + ".0123456789ABCDEF.tmp",
                NAME + ".0123456789abcdef.tmp",
                "other.0123456789abcdef.tmp");
    }

    @Test
    void shouldRefuseAPlantedSymbolicLink() throws IOException {
        Path victim = Files.write(temporary.resolve("victim"), new byte[(int) SIZE]);
        Files.createSymbolicLink(path, victim);

        assertRefused("kind=symbolic link");
        Files.delete(victim);
        assertRefused("kind=symbolic link");
        assertThat(victim).doesNotExist();
    }

    @Test
    void shouldRefuseAPlantedHardLink() throws IOException {
        Path victim = Files.write(temporary.resolve("victim"), new byte[(int) SIZE]);
        Files.createLink(path, victim);

        assertRefused("links=2");
        assertThat(victim).hasBinaryContent(new byte[(int) SIZE]);
    }

    @Test
    void shouldRefuseADirectory() throws IOException {
        Files.createDirectory(path);

        assertRefused("kind=directory");
    }

    @Test
    void shouldRefuseAFifoWithoutWaiting() {
        Shell.run("mkfifo", path.toString());

        assertRefused("kind=FIFO");
    }

    @Test
    void shouldRefuseADevice() {
        Shell.runIfPermitted("mknod", path.toString(), "c", "1", "3");

        assertRefused("kind=character device");
    }

    @Test
    void shouldRefuseASocket() throws IOException {
        try (var socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(path));

            assertRefused("kind=socket");
        }
    }

    @Test
    void shouldTellEmptyShortAndLongFilesApart() throws IOException {
        Files.createFile(path);
        assertRefused("is empty", "size=0", "expected=8192");
        Files.write(path, new byte[(int) SIZE - 1]);
        assertRefused("too short", "size=8191");
        Files.write(path, new byte[(int) SIZE + 1]);
        assertRefused("too long", "size=8193");
        assertThat(path).hasSize(SIZE + 1);
    }

    @Test
    void shouldShowTheHeaderBeforeItJudgesTheSize() throws IOException {
        Files.write(path, new byte[] {1, 2, 3});
        HeaderCheck check = (header, size) -> {
            throw new StateException(
                    "seen bytes=" + header.byteSize() + " second=" + header.get(JAVA_BYTE, 1) + " size=" + size);
        };

        assertThatThrownBy(() -> SharedFile.openOrCreate(directory, NAME, SIZE, 0, check, segment -> {}))
                .hasMessage("seen bytes=3 second=2 size=3");
    }

    @Test
    void shouldNotShowAHeaderOfANewFile() {
        HeaderCheck check = (header, size) -> {
            throw new AssertionError("there was no file");
        };

        SharedFile.openOrCreate(directory, NAME, SIZE, 0, check, segment -> {}).close();
    }

    @Test
    void shouldNoticeThatItIsDeletedOrReplaced() throws IOException {
        try (SharedFile file = openOrCreate(segment -> {})) {
            assertThat(file.isIntact()).isTrue();
            assertThat(file.isInPlace()).isTrue();

            Files.move(
                    Files.write(temporary.resolve("other"), new byte[(int) SIZE]),
                    path,
                    StandardCopyOption.REPLACE_EXISTING);

            assertThat(file.isIntact()).isFalse();
            assertThat(file.isInPlace()).isFalse();
        }
    }

    @Test
    void shouldNoticeThatItIsMovedAway() throws IOException {
        try (SharedFile file = openOrCreate(segment -> {})) {
            Files.move(path, temporary.resolve("away"));

            assertThat(file.isIntact()).isTrue();
            assertThat(file.isInPlace()).isFalse();
        }
    }

    @Test
    void shouldNoticeThatItIsCutAndNotEndTheProcess() throws IOException {
        try (SharedFile file = openOrCreate(segment -> {});
                RandomAccessFile other = new RandomAccessFile(path.toFile(), "rw")) {
            other.setLength(100);

            assertThat(file.isIntact()).isFalse();
            assertThatThrownBy(() -> file.segment().get(JAVA_LONG, 4096)).isInstanceOf(InternalError.class);
        }
    }

    @Test
    void shouldNotBeUsableWhenClosed() {
        SharedFile file = openOrCreate(segment -> {});
        file.close();
        file.close();

        assertThat(file.isIntact()).isFalse();
        assertThatThrownBy(() -> file.segment().get(JAVA_LONG, 0)).isInstanceOf(IllegalStateException.class);
    }

    /** As the doorbell of a process is by whoever wakes it, when another thread closes the host. */
    @Test
    void shouldWaitForACallThatHasAWordOfItWhenClosed() throws Exception {
        for (int round = 0; round < 20; round++) {
            SharedFile file = openOrCreate(segment -> {});
            MemorySegment word = file.segment().asSlice(0, 8);
            CountDownLatch begun = new CountDownLatch(1);
            Thread calling = Thread.ofPlatform().start(() -> {
                while (file.segment().scope().isAlive()) {
                    begun.countDown();
                    try {
                        Futex.await(word, 0, 1_000_000);
                        LockSupport.parkNanos(1_000_000); // or whoever closes finds no gap on a busy machine
                    } catch (IllegalStateException closed) {
                        return;
                    }
                }
            });
            begun.await();
            file.close();
            calling.join();
        }
    }

    @Test
    void shouldSayThatTheDiskIsFullAndLeaveNothing() throws IOException {
        try (Mount mount = Mount.tmpfs(Files.createDirectory(temporary.resolve("mount")), "size=64k");
                StateDirectory small = StateDirectory.open(mount.path().resolve("genv"), Sharing.EVERYONE)) {
            assertThatThrownBy(() -> SharedFile.openOrCreate(small, NAME, 1 << 20, segment -> {}))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("disk is full")
                    .hasMessageContaining("path=" + small.resolve(NAME));
            assertThatThrownBy(() -> SharedFile.openOrCreate(
                            small, NAME, 1 << 20, 4096, HeaderCheck.NONE, segment -> segment.fill((byte) 1)))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("disk is probably full");
            try (var entries = Files.list(small.path())) {
                assertThat(entries).isEmpty();
            }

            try (SharedFile holes = SharedFile.openOrCreate(
                    small, NAME, 1 << 20, 4096, HeaderCheck.NONE, segment -> segment.set(JAVA_LONG, 0, 1))) {
                holes.reserve(8192, 8192);
                assertThatThrownBy(() -> holes.reserve(0, 1 << 20))
                        .isInstanceOf(StateException.class)
                        .hasMessageContaining("disk is full");
                assertThat(holes.isIntact()).isTrue();
                assertThat(holes.segment().get(JAVA_LONG, 0)).isEqualTo(1);
            }
        }
    }

    @Test
    void shouldRefuseToReserveWhatIsNotInTheFile() {
        try (SharedFile file = openOrCreate(segment -> {})) {
            assertThatThrownBy(() -> file.reserve(SIZE, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> file.reserve(-1, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> file.reserve(0, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> file.reserve(8, Long.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private SharedFile openOrCreate(Consumer<MemorySegment> initializer) {
        return SharedFile.openOrCreate(directory, NAME, SIZE, initializer);
    }

    private void assertRefused(String... parts) {
        assertThatThrownBy(() -> openOrCreate(segment -> {}).close())
                .isInstanceOf(StateException.class)
                .hasMessageContaining("path=" + path)
                .hasMessageContainingAll(parts);
    }

    private List<Path> temporaries() {
        try (var entries = Files.list(directory.path())) {
            return entries.filter(entry -> entry.toString().endsWith(".tmp")).toList();
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private void assertOnly(String... names) {
        try (var entries = Files.list(directory.path())) {
            assertThat(entries.map(entry -> String.valueOf(entry.getFileName())))
                    .containsExactlyInAnyOrder(names);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static void fail(MemorySegment segment) {
        throw new IllegalStateException("must not be called size=" + segment.byteSize());
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static void create(Path file) {
        try {
            Files.createFile(file);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }
}
