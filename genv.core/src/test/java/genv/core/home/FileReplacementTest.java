// SPDX-License-Identifier: Apache-2.0
package genv.core.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import genv.api.GenvException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileReplacementTest {
    @TempDir
    Path directory;

    @Test
    void shouldChangeNothingWhenNotCommitted() throws IOException {
        Path file = Files.writeString(directory.resolve("a"), "old");
        Path other = Files.writeString(directory.resolve("b"), "old");

        try (FileReplacement replacement = new FileReplacement()) {
            replacement.write(file, "new");
            replacement.remove(other);
            replacement.write(directory.resolve("c"), "new");
            assertThat(count()).isEqualTo(4);
        }

        assertThat(file).hasContent("old");
        assertThat(other).hasContent("old");
        assertThat(count()).isEqualTo(2);
    }

    @Test
    void shouldLeaveNothingBehindWhenLaterFileCannotBePrepared() throws IOException {
        Path file = Files.writeString(directory.resolve("a"), "old");
        Path nowhere = directory.resolve("missing").resolve("b");

        try (FileReplacement replacement = new FileReplacement()) {
            replacement.write(file, "new");
            assertThatExceptionOfType(GenvException.class)
                    .isThrownBy(() -> replacement.write(nowhere, "new"))
                    .withMessageContaining("nothing was changed: file=" + nowhere);
        }

        assertThat(file).hasContent("old");
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void shouldRemoveNewDirectoryWhenNothingGetsIntoIt() throws IOException {
        Path created = directory.resolve("new");

        try (FileReplacement replacement = new FileReplacement()) {
            replacement.createDirectory(created);
            replacement.write(created.resolve("a"), "text");
        }
        assertThat(count()).isZero();

        try (FileReplacement replacement = new FileReplacement()) {
            replacement.createDirectory(created);
            replacement.commit();
        }
        assertThat(created).isEmptyDirectory();
    }

    @Test
    void shouldWriteOnAnInterruptedThreadAndKeepTheInterrupt() throws IOException {
        Path file = directory.resolve("name");
        Thread.currentThread().interrupt();
        try (FileReplacement replacement = new FileReplacement()) {
            replacement.write(file, "text");
            replacement.commit();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(file).hasContent("text");
        assertThat(directory).isDirectoryNotContaining(path -> path.toString().endsWith(".tmp"));
    }

    @Test
    void shouldSayWhatWasReplacedWhenCommitFailsHalfWay() throws IOException {
        Path first = Files.writeString(directory.resolve("a"), "old");
        Path second = directory.resolve("b");
        Path third = Files.writeString(directory.resolve("c"), "old");

        try (FileReplacement replacement = new FileReplacement()) {
            replacement.write(first, "new");
            replacement.write(second, "new");
            replacement.write(third, "new");
            // Somebody puts a directory there between the two steps.
            Files.createDirectories(second.resolve("inside"));

            assertThatExceptionOfType(GenvException.class)
                    .isThrownBy(replacement::commit)
                    .withMessageContaining("file=" + second)
                    .withMessageContaining("replaced=[" + first + "]")
                    .withMessageContaining("unchanged=[" + second + ", " + third + "]");
        }

        assertThat(first).hasContent("new");
        assertThat(third).hasContent("old");
        assertThat(count()).isEqualTo(3);
    }

    private long count() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        }
    }
}
