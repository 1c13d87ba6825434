// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.util.Locale;

/**
 * Which operating system and processor this is.
 *
 * <p>Calls whose numbers or structures differ between systems are made on Linux on x86-64 and aarch64 only, because
 * those are the ones whose numbers {@link LinuxAbi} knows.
 */
public final class OperatingSystem {
    static final boolean LINUX = System.getProperty("os.name", "").equals("Linux");
    static final boolean X86_64 =
            architecture().equals("amd64") || architecture().equals("x86_64");
    static final boolean AARCH64 = architecture().equals("aarch64");

    private OperatingSystem() {}

    /** Whether the file and futex calls of this package work here. */
    public static boolean isSupported() {
        return LINUX && (X86_64 || AARCH64);
    }

    /** The system and processor as the Java runtime names them, for messages. */
    public static String describe() {
        return "os=" + System.getProperty("os.name", "") + " arch=" + System.getProperty("os.arch", "");
    }

    private static String architecture() {
        return System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    }
}
