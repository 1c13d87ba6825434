// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import genv.core.layout.FileLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The mapped state file, read and written by words. The name of every accessor says its memory order; one that names none is
 * plain. Offsets and record numbers must have been checked by the caller.
 *
 * <p>Not final, so that a test can come between two accesses.
 */
public class StateMemory {
    private static final VarHandle LONG = JAVA_LONG.varHandle();
    private static final VarHandle INT = JAVA_INT.varHandle();

    private final MemorySegment memory;

    public StateMemory(MemorySegment memory) {
        this.memory = memory;
    }

    /** The root word. What was written before it was published is visible to whoever reads it here. */
    public long rootAcquire() {
        return (long) LONG.getAcquire(memory, FileLayout.ROOT_OFFSET);
    }

    boolean compareAndSetRoot(long expected, long next) {
        return LONG.compareAndSet(memory, FileLayout.ROOT_OFFSET, expected, next);
    }

    /** A number that no process of this host was ever given. */
    public long nextToken() {
        return 1 + (long) LONG.getAndAdd(memory, FileLayout.TOKEN_OFFSET, 1L);
    }

    /** A place in the queue behind all that were given before. */
    public long nextTicket() {
        return 1 + (long) LONG.getAndAdd(memory, FileLayout.TICKET_OFFSET, 1L);
    }

    /** The doorbell of a token, as a futex word. */
    public MemorySegment doorbell(long token) {
        return memory.asSlice(FileLayout.doorbellOf(token), Integer.BYTES, Integer.BYTES);
    }

    public int doorbellAcquire(long token) {
        return (int) INT.getAcquire(memory, FileLayout.doorbellOf(token));
    }

    /** Changes the doorbell's word, so that nobody falls asleep who has not seen what came before. */
    public void ring(long token) {
        int _ = (int) INT.getAndAdd(memory, FileLayout.doorbellOf(token), 1);
    }

    long wordAcquire(long offset) {
        return (long) LONG.getAcquire(memory, offset);
    }

    void wordRelease(long offset, long value) {
        LONG.setRelease(memory, offset, value);
    }

    boolean compareAndSetWord(long offset, long expected, long next) {
        return LONG.compareAndSet(memory, offset, expected, next);
    }

    long word(long offset) {
        return memory.get(JAVA_LONG, offset);
    }

    void word(long offset, long value) {
        memory.set(JAVA_LONG, offset, value);
    }

    void read(long offset, long[] words, int count) {
        MemorySegment.copy(memory, JAVA_LONG, offset, words, 0, count);
    }

    void write(long offset, long[] words, int from, int count) {
        MemorySegment.copy(words, from, memory, JAVA_LONG, offset, count);
    }

    /** Keeps plain reads before this from being done after it. */
    static void endOfReads() {
        VarHandle.loadLoadFence();
    }
}
