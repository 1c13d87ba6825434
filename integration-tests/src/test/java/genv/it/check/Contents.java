// SPDX-License-Identifier: Apache-2.0
package genv.it.check;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Everything below a path as it is now, to be compared: names, kinds, modes, contents. */
public final class Contents {
    private Contents() {}

    /** {@return a description by path; that of a state file stays the same as long as nobody writes into it} */
    public static Map<Path, String> of(Path root) throws IOException {
        Map<Path, String> found = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                found.put(path, describe(path));
            }
        }
        return found;
    }

    private static String describe(Path path) throws IOException {
        String mode = Integer.toOctalString((Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS));
        if (Files.isSymbolicLink(path)) {
            return mode + " -> " + Files.readSymbolicLink(path);
        }
        if (!Files.isRegularFile(path)) {
            return mode;
        }
        // a hash would do, but then a difference would not be shown
        String text = Files.size(path) <= 4096
                ? Files.readString(path, ISO_8859_1)
                : "hash " + java.util.Arrays.hashCode(Files.readAllBytes(path));
        return mode + " " + Files.size(path) + " " + text;
    }
}
