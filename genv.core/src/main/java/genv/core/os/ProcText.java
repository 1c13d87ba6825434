// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Text of {@code /proc}.
 *
 * <p>Every process reads some of it before its first environment, so this does without what a fresh JVM would load for it alone:
 * file channels and regular expressions.
 */
final class ProcText {
    private ProcText() {}

    /** All of a file; a program's name in it is bytes of no certain encoding, the rest is ASCII. */
    static String read(Path file) throws IOException {
        try (FileInputStream in = new FileInputStream(file.toFile())) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    static List<String> lines(String text) {
        return split(text, '\n');
    }

    /** What stands between blanks, of which there are often several. */
    static List<String> words(String line) {
        return split(line, ' ');
    }

    private static List<String> split(String text, char separator) {
        List<String> parts = new ArrayList<>();
        int end;
        for (int start = 0; start < text.length(); start = end + 1) {
            end = text.indexOf(separator, start);
            if (end < 0) {
                end = text.length();
            }
            if (end > start) {
                parts.add(text.substring(start, end));
            }
        }
        return parts;
    }
}
