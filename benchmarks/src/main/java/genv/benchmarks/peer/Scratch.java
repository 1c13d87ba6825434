// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A temporary directory, deleted with everything in it. */
public final class Scratch implements AutoCloseable {
    private final Path directory;

    private Scratch(Path directory) {
        this.directory = directory;
    }

    /** {@return a new one} */
    public static Scratch create() {
        try {
            return new Scratch(Files.createTempDirectory("genv-benchmark-"));
        } catch (IOException e) {
            throw new UncheckedIOException("a temporary directory cannot be made", e);
        }
    }

    /** {@return the directory} */
    public Path directory() {
        return directory;
    }

    @Override
    public void close() {
        List<Path> found;
        try (Stream<Path> files = Files.walk(directory)) {
            found = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : found) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a temporary directory cannot be deleted: directory=" + directory, e);
        }
    }
}
