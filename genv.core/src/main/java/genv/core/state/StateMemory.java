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

    /** The bit of a doorbell that says that somebody sleeps: only then is ringing worth a system call. */
    private static final int ASLEEP = 1;

    private static final int RING = 2;

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

    /** Until when others wait for who keeps losing races, on the clock of {@link System#nanoTime()}; 0 for not at all. */
    long precedenceAcquire() {
        return (long) LONG.getAcquire(memory, FileLayout.PRECEDENCE_OFFSET);
    }

    boolean compareAndSetPrecedence(long expected, long next) {
        return LONG.compareAndSet(memory, FileLayout.PRECEDENCE_OFFSET, expected, next);
    }

    /** A number that no process of this host was ever given. */
    public long nextToken() {
        return 1 + (long) LONG.getAndAdd(memory, FileLayout.TOKEN_OFFSET, 1L);
    }

    /** A place in the queue behind all that were given before. */
    long nextTicket() {
        return 1 + (long) LONG.getAndAdd(memory, FileLayout.TICKET_OFFSET, 1L);
    }

    /** The doorbell of a token, as a futex word. */
    public MemorySegment doorbell(long token) {
        return memory.asSlice(FileLayout.doorbellOf(token), Integer.BYTES, Integer.BYTES);
    }

    /** How often a doorbell has rung, in steps of two; it begins anew at some time. */
    public int ringsAcquire(long token) {
        return (int) INT.getAcquire(memory, FileLayout.doorbellOf(token)) & ~ASLEEP;
    }

    /** Changes the doorbell's word, so that nobody falls asleep who has not seen what came before; true if anybody sleeps. */
    public boolean ring(long token) {
        long at = FileLayout.doorbellOf(token);
        int word = (int) INT.getAcquire(memory, at);
        while (true) {
            int found = (int) INT.compareAndExchange(memory, at, word, (word + RING) & ~ASLEEP);
            if (found == word) {
                return (word & ASLEEP) != 0;
            }
            word = found;
        }
    }

    /** Notes that somebody is about to sleep at a doorbell until its word is changed; false if it has rung since. */
    public boolean announceSleep(long token, int rings) {
        int found = (int) INT.compareAndExchange(memory, FileLayout.doorbellOf(token), rings, asleep(rings));
        return found == rings || found == asleep(rings);
    }

    /** The word of a doorbell at which somebody sleeps. */
    public static int asleep(int rings) {
        return rings | ASLEEP;
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
