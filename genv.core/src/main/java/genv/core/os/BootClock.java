// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * The time since the host booted, the same for all processes of a boot.
 *
 * <p>It is Linux's {@code CLOCK_BOOTTIME}: nobody can set it, and it goes on while the host is suspended. What is stored of it
 * in the state means the same to every process, since the state is emptied after a reboot. Only in a time namespace with an
 * offset of its own, which a container has where it was asked for, does a process see another time.
 * {@link System#nanoTime()} has no origin that its specification shares between processes.
 */
public final class BootClock {
    private static final int CLOCK_BOOTTIME = 7;

    private static final MethodHandle CLOCK_GETTIME =
            Symbols.linkWithErrno("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

    private BootClock() {}

    /** Milliseconds since the host booted. */
    public static long millis() {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) CLOCK_GETTIME.invokeExact(buffer.state(), CLOCK_BOOTTIME, buffer.data());
            if (result != 0) {
                throw new ErrnoException("clock_gettime clock=" + CLOCK_BOOTTIME, buffer.errno());
            }
            return buffer.data().get(JAVA_LONG, 0) * 1000 + buffer.data().get(JAVA_LONG, 8) / 1_000_000;
        } catch (Throwable thrown) {
            throw Symbols.rethrow(thrown);
        } finally {
            buffer.give();
        }
    }
}
