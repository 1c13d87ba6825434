// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/** The user and group that this process acts as. */
public final class Users {
    private static final MethodHandle GETEUID = Symbols.link("geteuid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle GETEGID = Symbols.link("getegid", FunctionDescriptor.of(JAVA_INT));

    private static final MethodHandle GETPWNAM =
            Symbols.link("getpwnam_r", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));

    /** An entry is never longer. */
    private static final long MOST_TEXT = 1 << 20;

    private Users() {}

    /** The effective user id. */
    public static int effectiveUserId() {
        try {
            return (int) GETEUID.invokeExact();
        } catch (Throwable thrown) {
            throw Symbols.rethrow(thrown);
        }
    }

    /** The effective group id. */
    public static int effectiveGroupId() {
        try {
            return (int) GETEGID.invokeExact();
        } catch (Throwable thrown) {
            throw Symbols.rethrow(thrown);
        }
    }

    /**
     * The id of the user of a name, as the host's user database has it; empty where it has none.
     *
     * @throws ErrnoException if the database cannot be asked
     */
    public static OptionalInt userId(String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment passwd = arena.allocate(128, 8);
            MemorySegment found = arena.allocate(ADDRESS);
            MemorySegment text = arena.allocateFrom(name);
            for (long size = 1024; ; size *= 4) {
                int result;
                try {
                    result = (int) GETPWNAM.invokeExact(text, passwd, arena.allocate(size), size, found);
                } catch (Throwable thrown) {
                    throw Symbols.rethrow(thrown);
                }
                if (result == Errno.ERANGE && size <= MOST_TEXT) {
                    continue;
                }
                if (result == 0 && found.get(ADDRESS, 0).address() != 0) {
                    return OptionalInt.of(passwd.get(JAVA_INT, LinuxAbi.PASSWD_UID));
                }
                if (result == 0 || result == Errno.ENOENT || result == Errno.ESRCH) {
                    return OptionalInt.empty();
                }
                throw new ErrnoException("getpwnam_r name=" + name, result);
            }
        }
    }

    /** Whether this process acts as the superuser. */
    public static boolean isRoot() {
        return effectiveUserId() == 0;
    }

    /** The user's name as the Java runtime knows it; {@code "?"} where it has none. */
    public static String userName() {
        return System.getProperty("user.name", "?");
    }
}
