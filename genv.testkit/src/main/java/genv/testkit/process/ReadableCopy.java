// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Copies a class path to where every user can read it, for a child that runs as another user. */
final class ReadableCopy {
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");

    private ReadableCopy() {}

    /** Entries that are in the directory already are taken as they are, so that several children share one copy. */
    static List<Path> of(List<Path> classPath, Path directory) {
        List<Path> copies = new ArrayList<>();
        try {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, DIRECTORY);
            for (Path entry : classPath) {
                if (Files.exists(entry)) {
                    Path copy = directory.resolve(Integer.toHexString(entry.hashCode()) + "-" + entry.getFileName());
                    if (!Files.exists(copy, LinkOption.NOFOLLOW_LINKS)) {
                        copy(entry, copy);
                    }
                    copies.add(copy);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("class path cannot be copied: directory=" + directory, e);
        }
        return List.copyOf(copies);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (file.equals(from)) {
                    copy = to;
                }
                Files.copy(file, copy);
                Files.setPosixFilePermissions(copy, Files.isDirectory(copy) ? DIRECTORY : FILE);
            }
        }
    }
}
