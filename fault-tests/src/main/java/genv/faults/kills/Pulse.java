// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A mapped file in which every thread of every child says when its present operation began, and counts those that ended. So
 * the parent sees a hang in a child that it would otherwise kill without having noticed.
 */
final class Pulse {
    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();
    /** The words of a thread: since when (0 for not at all), how many, and how many of each {@link Event}; a cache line. */
    private static final long STRIDE = 64;

    /** What a run without it would not have tried. */
    enum Event {
        LEASE_RENEWED(16),
        LEASE_OVER(24),
        REFUSED_BY_LIMITS(32);

        private final long offset;

        Event(long offset) {
            this.offset = offset;
        }
    }

    private final MemorySegment memory;

    private Pulse(MemorySegment memory) {
        this.memory = memory;
    }

    static Pulse open(Path file, int threads) throws IOException {
        try (FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE)) {
            return new Pulse(channel.map(FileChannel.MapMode.READ_WRITE, 0, threads * STRIDE, Arena.global()));
        }
    }

    /** The clock is that of the kernel and the same in all processes. */
    void begin(int thread) {
        WORD.setRelease(memory, thread * STRIDE, System.nanoTime() | 1);
    }

    void end(int thread) {
        WORD.setRelease(memory, thread * STRIDE, 0L);
        long _ = (long) WORD.getAndAdd(memory, thread * STRIDE + 8, 1L);
    }

    void count(int thread, Event event) {
        long _ = (long) WORD.getAndAdd(memory, thread * STRIDE + event.offset, 1L);
    }

    /** How often that came to pass, in all threads. */
    long counted(Event event) {
        return sum(event.offset);
    }

    /** For a thread that was killed. */
    void forget(int thread) {
        WORD.setRelease(memory, thread * STRIDE, 0L);
    }

    /** How long the present operation of a thread has been running, in nanoseconds. */
    long age(int thread) {
        long since = (long) WORD.getAcquire(memory, thread * STRIDE);
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    /** How many operations have ended, of all threads. */
    long ended() {
        return sum(8);
    }

    /** How many operations of a thread have ended. */
    long ended(int thread) {
        return (long) WORD.getAcquire(memory, thread * STRIDE + 8);
    }

    private long sum(long word) {
        long sum = 0;
        for (long at = word; at < memory.byteSize(); at += STRIDE) {
            sum += (long) WORD.getAcquire(memory, at);
        }
        return sum;
    }
}
