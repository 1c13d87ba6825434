// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** The user and group that this process acts as. */
public final class Users {
    private static final MethodHandle GETEUID = Symbols.link("geteuid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle GETEGID = Symbols.link("getegid", FunctionDescriptor.of(JAVA_INT));

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

    /** Whether this process acts as the superuser. */
    public static boolean isRoot() {
        return effectiveUserId() == 0;
    }

    /** The user's name as the Java runtime knows it; {@code "?"} where it has none. */
    public static String userName() {
        return System.getProperty("user.name", "?");
    }
}
