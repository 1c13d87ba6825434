// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** The user and group that this process acts as. */
public final class Users {
    private static final CFunction GETEUID = CFunction.named("geteuid");
    private static final CFunction GETEGID = CFunction.named("getegid");

    private static final CFunction GETPWNAM = CFunction.named("getpwnam_r");

    /** An entry is never longer. */
    private static final long MOST_TEXT = 1 << 20;

    private Users() {}

    /** The effective user id. */
    public static int effectiveUserId() {
        return id(GETEUID);
    }

    /** The effective group id. */
    public static int effectiveGroupId() {
        return id(GETEGID);
    }

    private static int id(CFunction function) {
        CallBuffer buffer = CallBuffer.take();
        try {
            return (int) function.call(buffer);
        } finally {
            buffer.give();
        }
    }

    /**
     * The id of the user of a name, as the host's user database has it; empty where it has none.
     *
     * @throws ErrnoException if the database cannot be asked
     */
    public static OptionalInt userId(String name) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment passwd = arena.allocate(128, 8);
            MemorySegment found = arena.allocate(ADDRESS);
            MemorySegment text = arena.allocateFrom(name);
            for (long size = 1024; ; size *= 4) {
                long room = arena.allocate(size).address();
                int result = (int) GETPWNAM.call(buffer, text.address(), passwd.address(), room, size, found.address());
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
        } finally {
            buffer.give();
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
