// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import genv.api.StateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The time since the host booted, the same for all processes of a boot.
 *
 * <p>It is Linux's {@code CLOCK_BOOTTIME}: nobody can set it, and it goes on while the host is suspended. What is stored of it
 * in the state means the same to every process, since the state is emptied after a reboot. In a time namespace, which a
 * container has where it was asked for, the kernel adds an offset to it, which is taken away here: otherwise a process in one
 * that is ahead would take leases of others for over. {@link System#nanoTime()} has no origin that its specification shares
 * between processes.
 */
public final class BootClock {
    private static final int CLOCK_BOOTTIME = 7;

    private static final CFunction CLOCK_GETTIME = CFunction.named("clock_gettime");

    private static final long UNKNOWN = Long.MIN_VALUE;

    /**
     * What the time namespace of this process adds, nanoseconds. A process that runs stays in its namespace; what could not be
     * read is asked for again.
     */
    private static volatile long offsetNanos = UNKNOWN;

    private BootClock() {}

    private static long offset() {
        long known = offsetNanos;
        if (known == UNKNOWN) {
            known = readOffset();
            offsetNanos = known;
        }
        return known;
    }

    private static long readOffset() {
        Path own = Path.of("/proc/self");
        boolean isChildrens;
        try { // following a link takes no descriptor, so this fails only where there is none
            // what can be read are the offsets of children, who may be about to get another namespace
            isChildrens = Files.readSymbolicLink(own.resolve("ns/time"))
                    .equals(Files.readSymbolicLink(own.resolve("ns/time_for_children")));
        } catch (IOException withoutTimeNamespaces) {
            return 0;
        }
        try {
            return isChildrens ? offset(ProcText.lines(ProcText.read(own.resolve("timens_offsets")))) : 0;
        } catch (IOException failure) {
            throw unreadable(failure);
        }
    }

    /** The offset of this clock among those of all clocks, as the kernel writes them: name, seconds, nanoseconds. */
    static long offset(List<String> clocks) {
        for (String clock : clocks) {
            List<String> words = ProcText.words(clock);
            if (words.size() == 3 && words.getFirst().equals("boottime")) {
                return Long.parseLong(words.get(1)) * 1_000_000_000 + Long.parseLong(words.get(2));
            }
        }
        return 0;
    }

    /** Milliseconds since the host booted. */
    public static long millis() {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int)
                    CLOCK_GETTIME.call(buffer, CLOCK_BOOTTIME, buffer.data().address());
            if (result != 0) {
                throw new ErrnoException("clock_gettime clock=" + CLOCK_BOOTTIME, buffer.errno());
            }
            long nanos = buffer.data().get(JAVA_LONG, 0) * 1_000_000_000
                    + buffer.data().get(JAVA_LONG, 8);
            return (nanos - offset()) / 1_000_000;
        } catch (ErrnoException failure) {
            throw unreadable(failure);
        } finally {
            buffer.give();
        }
    }

    private static StateException unreadable(IOException failure) {
        return new StateException(
                "the clock of the time since boot cannot be read: cause=" + failure.getMessage()
                        + "; where files are open to the limit close some, or raise it (ulimit -n)",
                failure);
    }
}
