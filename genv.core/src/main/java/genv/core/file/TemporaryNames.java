// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Names of files that are not ready: {@code <name>.<16 hex digits>.tmp}. */
final class TemporaryNames {
    private static final SecureRandom RANDOM = new SecureRandom();

    private TemporaryNames() {}

    static String next(String name) {
        return name + "." + HexFormat.of().toHexDigits(RANDOM.nextLong()) + ".tmp";
    }

    /** Matches the temporary names of one final name. */
    static Pattern of(String name) {
        return Pattern.compile(Pattern.quote(name) + "\\.[0-9a-f]{16}\\.tmp");
    }
}
