// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import genv.api.GenvException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Waiting on a word of a mapped file until another process changes it and wakes.
 *
 * <p>The word is 4 aligned bytes of native memory. Processes that mapped the same file meet on it wherever each one
 * mapped it, because the shared (not the private) futex operations are used. Any thread may call; a thread inside
 * {@link #await} occupies its carrier, so virtual threads should leave the waiting to one platform thread. While a
 * thread is inside, the arena of the word cannot be closed: wake it first and wait until it has left.
 */
public final class Futex {
    private static final MethodHandle SYSCALL = Symbols.linkWithErrno(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));

    private Futex() {}

    /** Whether this system has futexes that this class can use; asked of the kernel once. */
    public static boolean isSupported() {
        return Support.AVAILABLE;
    }

    /**
     * Sleeps while the word holds {@code expected}.
     *
     * <p>Returns when it is woken, when the word holds something else, when the time is over, or when a signal arrives:
     * the caller looks at the word again in any case.
     *
     * @param timeoutNanos at most this long; returns at once if not positive
     */
    public static void await(MemorySegment word, int expected, long timeoutNanos) {
        requireWord(word);
        if (timeoutNanos <= 0) {
            return;
        }
        CallBuffer buffer = CallBuffer.take();
        try {
            MemorySegment timeout = buffer.data();
            timeout.set(JAVA_LONG, 0, timeoutNanos / 1_000_000_000L);
            timeout.set(JAVA_LONG, 8, timeoutNanos % 1_000_000_000L);
            // as the kernel sees it the value is 32 bits; the upper half of the argument is ignored
            long result = (long) SYSCALL.invokeExact(
                    buffer.state(),
                    LinuxAbi.SYS_FUTEX,
                    word,
                    LinuxAbi.FUTEX_WAIT,
                    Integer.toUnsignedLong(expected),
                    timeout,
                    0L,
                    0L);
            if (result != 0) {
                int errno = buffer.errno();
                if (errno != Errno.EAGAIN && errno != Errno.EINTR && errno != Errno.ETIMEDOUT) {
                    throw failure("wait", word, errno);
                }
            }
        } catch (Throwable thrown) {
            throw Symbols.rethrow(thrown);
        } finally {
            buffer.give();
        }
    }

    /**
     * Wakes every thread of every process that sleeps on the word.
     *
     * @return how many there were
     */
    public static int wakeAll(MemorySegment word) {
        requireWord(word);
        CallBuffer buffer = CallBuffer.take();
        try {
            long result = (long) SYSCALL.invokeExact(
                    buffer.state(),
                    LinuxAbi.SYS_FUTEX,
                    word,
                    LinuxAbi.FUTEX_WAKE,
                    (long) Integer.MAX_VALUE,
                    MemorySegment.NULL,
                    0L,
                    0L);
            if (result < 0) {
                throw failure("wake", word, buffer.errno());
            }
            return (int) result;
        } catch (Throwable thrown) {
            throw Symbols.rethrow(thrown);
        } finally {
            buffer.give();
        }
    }

    private static void requireWord(MemorySegment word) {
        if (!word.isNative() || word.byteSize() < 4 || (word.address() & 3) != 0) {
            throw new IllegalArgumentException("a futex word is 4 aligned bytes of native memory word=" + word);
        }
    }

    private static GenvException failure(String operation, MemorySegment word, int errno) {
        return new GenvException("futex " + operation + " failed address=0x" + Long.toHexString(word.address())
                + " errno=" + errno + " (" + Errno.describe(errno) + ")");
    }

    /** Apart, so that the question is asked only where somebody wants to wait. */
    private static final class Support {
        static final boolean AVAILABLE = probe();

        // a sandbox may refuse the call although the kernel has it
        private static boolean probe() {
            if (!OperatingSystem.isSupported()) {
                return false;
            }
            try (Arena arena = Arena.ofConfined()) {
                wakeAll(arena.allocate(4, 4));
                return true;
            } catch (GenvException refused) {
                return false;
            }
        }
    }
}
