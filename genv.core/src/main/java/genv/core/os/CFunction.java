// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * A function of the C library whose parameters are integers and pointers, as its result is.
 *
 * <p>It is called with six words, whatever it takes, so that all functions share one adapter. The Java runtime makes an adapter
 * for each kind of call when a program first needs it, with classes of its own, and the first environment waits for them.
 * Linux's calling conventions allow it: the first six integers and pointers are passed in a register each,
 * a function looks at the lower bits of those that are narrower, and at no others (System V ABI for AMD64, 3.2.3; Procedure
 * Call Standard for the Arm 64-bit Architecture, 6.8).
 *
 * <p>An address is only a number here. Whoever passes one keeps the memory open until the call has returned, such as by
 * closing its arena afterwards. Of a result that is an {@code int}, only the lower half means anything.
 *
 * @param handle of six words, before them where {@code errno} goes
 */
record CFunction(MethodHandle handle) {
    private static final FunctionDescriptor WORDS =
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    static CFunction named(String name) {
        return new CFunction(Symbols.linkWithErrno(name, WORDS));
    }

    long call(CallBuffer buffer) {
        return call(buffer, 0, 0, 0, 0, 0, 0);
    }

    long call(CallBuffer buffer, long a) {
        return call(buffer, a, 0, 0, 0, 0, 0);
    }

    long call(CallBuffer buffer, long a, long b) {
        return call(buffer, a, b, 0, 0, 0, 0);
    }

    long call(CallBuffer buffer, long a, long b, long c) {
        return call(buffer, a, b, c, 0, 0, 0);
    }

    long call(CallBuffer buffer, long a, long b, long c, long d) {
        return call(buffer, a, b, c, d, 0, 0);
    }

    long call(CallBuffer buffer, long a, long b, long c, long d, long e) {
        return call(buffer, a, b, c, d, e, 0);
    }

    /** Calls it; the buffer receives {@code errno}. */
    long call(CallBuffer buffer, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) handle.invokeExact(buffer.state(), a, b, c, d, e, f);
        } catch (Throwable thrown) {
            throw Symbols.rethrow(thrown);
        }
    }
}
