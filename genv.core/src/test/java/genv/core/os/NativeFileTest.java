// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFileTest {
    @TempDir
    private Path directory;

    @Test
    void shouldShowWhatTheRuntimeShows() throws IOException {
        Path path = Files.write(directory.resolve("f"), new byte[123]);
        Files.createLink(directory.resolve("second"), path);
        try (NativeFile file = NativeFile.open(path)) {
            FileStatus status = file.status();
            Map<String, Object> expected = Files.readAttributes(path, "unix:*", LinkOption.NOFOLLOW_LINKS);

            assertThat(status.inode()).isEqualTo(expected.get("ino"));
            assertThat(status.device()).isEqualTo(expected.get("dev"));
            assertThat(status.mode()).isEqualTo(expected.get("mode"));
            assertThat(status.links()).isEqualTo(2);
            assertThat(status.uid()).isEqualTo(expected.get("uid"));
            assertThat(status.gid()).isEqualTo(expected.get("gid"));
            assertThat(status.size()).isEqualTo(123);
            assertThat(NativeDirectory.statusOf(path)).contains(status);
            assertThat(status.uid()).isEqualTo(Users.effectiveUserId());
        }
    }

    @Test
    void shouldNoticeThatItIsDeleted() throws IOException {
        Path path = Files.write(directory.resolve("f"), new byte[10]);
        try (NativeFile file = NativeFile.open(path)) {
            assertThat(file.isLinkedWithSize(10)).isTrue();

            Files.delete(path);

            assertThat(file.isLinkedWithSize(10)).isFalse();
        }
    }

    @Test
    void shouldNoticeThatItIsReplaced() throws IOException {
        Path path = Files.write(directory.resolve("f"), new byte[10]);
        try (NativeFile file = NativeFile.open(path)) {
            Files.move(Files.write(directory.resolve("g"), new byte[10]), path, StandardCopyOption.REPLACE_EXISTING);

            assertThat(file.isLinkedWithSize(10)).isFalse();
        }
    }

    @Test
    void shouldNoticeThatItsSizeChanges() throws IOException {
        Path path = Files.write(directory.resolve("f"), new byte[10]);
        try (NativeFile file = NativeFile.open(path);
                RandomAccessFile other = new RandomAccessFile(path.toFile(), "rw")) {
            other.setLength(9);
            assertThat(file.isLinkedWithSize(10)).isFalse();
            other.setLength(11);
            assertThat(file.isLinkedWithSize(10)).isFalse();
            other.setLength(10);
            assertThat(file.isLinkedWithSize(10)).isTrue();
        }
    }

    @Test
    void shouldNotBeLinkedWhenClosed() throws IOException {
        NativeFile file = NativeFile.open(Files.write(directory.resolve("f"), new byte[10]));
        file.close();
        file.close();

        assertThat(file.isLinkedWithSize(10)).isFalse();
        assertThatThrownBy(file::status).isInstanceOf(ErrnoException.class).hasMessageContaining("errno=9");
    }

    @Test
    void shouldNotFollowLinks() throws IOException {
        Path target = Files.createFile(directory.resolve("target"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), target);

        assertThatThrownBy(() -> NativeFile.open(link))
                .isInstanceOfSatisfying(
                        ErrnoException.class,
                        failed -> assertThat(failed.errno()).isEqualTo(Errno.ELOOP));
        assertThat(NativeDirectory.statusOf(link))
                .hasValueSatisfying(
                        status -> assertThat(status.isSymbolicLink()).isTrue());
    }

    @Test
    void shouldNotCreateOrReplaceWhatExists() throws IOException {
        Files.writeString(directory.resolve("f"), "content");
        try (NativeDirectory files = NativeDirectory.open(directory)) {
            assertErrno(Errno.EEXIST, () -> files.createFile("f", 0600).close());
            assertErrno(Errno.ENOENT, () -> files.openFile("absent").close());
            files.createFile("g", 0600).close();
            assertErrno(Errno.EEXIST, () -> files.renameToFree("g", "f"));
            assertErrno(Errno.EEXIST, () -> files.link("g", "f"));

            assertThat(directory.resolve("f")).hasContent("content");
        }
    }

    @Test
    void shouldShareAMappingWithTheFile() throws IOException {
        Path path = Files.write(directory.resolve("f"), new byte[4096]);
        try (NativeFile file = NativeFile.open(path);
                Arena arena = Arena.ofShared()) {
            MemorySegment mapped = file.map(4096, arena);
            mapped.set(JAVA_LONG, 8, 0x0102030405060708L);
            file.sync();

            assertThat(Files.readAllBytes(path)[8]).isEqualTo(mapped.get(JAVA_BYTE, 8));
            try (Arena headers = Arena.ofConfined()) {
                MemorySegment header = headers.allocate(16);
                assertThat(file.readStart(header)).isEqualTo(16);
                assertThat(header.get(JAVA_LONG, 8)).isEqualTo(0x0102030405060708L);
            }
        }
    }

    @Test
    void shouldKeepContentWhenSpaceIsAllocated() throws IOException {
        Path path = Files.writeString(directory.resolve("f"), "content");
        try (NativeFile file = NativeFile.open(path)) {
            file.allocate(0, 3);

            assertThat(path).hasContent("content");
            file.resize(1 << 20);
            file.allocate(0, 1 << 20);
            assertThat(file.status().size()).isEqualTo(1 << 20);
        }
    }

    private static void assertErrno(int errno, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ErrnoException.class,
                        failed -> assertThat(failed.errno()).isEqualTo(errno));
    }
}
