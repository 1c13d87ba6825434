// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Native memory for one call: the error number, and 256 bytes for a structure.
 *
 * <p>Buffers are kept in a few slots picked by thread, so that a call allocates nothing in the steady state. A
 * {@code ThreadLocal} would keep one for each of possibly very many virtual threads. A buffer belongs to the thread that
 * took it until that thread gives it back; one that is not given back is collected.
 */
final class CallBuffer {
    private static final int SLOTS = 16;
    private static final AtomicReferenceArray<@Nullable CallBuffer> FREE = new AtomicReferenceArray<>(SLOTS);

    private final MemorySegment errno;
    private final MemorySegment data;

    private CallBuffer() {
        Arena arena = Arena.ofAuto();
        this.errno = arena.allocate(Linker.Option.captureStateLayout());
        this.data = arena.allocate(256, 8);
    }

    static CallBuffer take() {
        CallBuffer buffer = FREE.getAndSet(slot(), null);
        return buffer != null ? buffer : new CallBuffer();
    }

    void give() {
        FREE.set(slot(), this);
    }

    /** Where the call leaves its error number. */
    MemorySegment state() {
        return errno;
    }

    /** The error number of the last call, meaningful only if that call failed. */
    int errno() {
        return errno.get(JAVA_INT, 0);
    }

    MemorySegment data() {
        return data;
    }

    private static int slot() {
        return (int) Thread.currentThread().threadId() & (SLOTS - 1);
    }
}
