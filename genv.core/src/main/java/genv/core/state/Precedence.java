// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

/**
 * Lets a transition through that others have beaten several times.
 *
 * <p>Some transition always succeeds, but it can be always another's: a process that has published the current state itself
 * needs no copy of it, and one that comes anew does. Who keeps losing asks for precedence in a word of the state
 * file, and the others wait before they publish: until that word is cleared, and for {@link #NANOS} at most. Nothing but speed
 * depends on it. A word that a dead or stopped process left, or one of another clock, is over at once or soon, and is cleared
 * by whoever sees that.
 */
final class Precedence {
    /** Many times what a transition takes, and short enough to be lost where nobody clears the word. */
    static final long NANOS = 20_000;

    /** So many lost races are usual where several are at work. */
    static final int LOSSES = 2;

    private static final int SPINS = 64;

    private final StateMemory memory;

    Precedence(StateMemory memory) {
        this.memory = memory;
    }

    /**
     * Asks the others to wait, or to go on waiting.
     *
     * @param before the word with which it was asked before, or 0
     * @return the word that says so, or 0 if somebody else was first
     */
    long ask(long before) {
        long until = (System.nanoTime() + NANOS) | 1; // never 0
        long seen = memory.precedenceAcquire();
        boolean isFree = seen == 0 || seen == before || isOver(seen);
        return isFree && memory.compareAndSetPrecedence(seen, until) ? until : 0;
    }

    /** Ends the waiting of the others. */
    void giveBack(long asked) {
        memory.compareAndSetPrecedence(asked, 0); // it may be another's by now
    }

    /** Waits for who has asked. */
    void giveWay() {
        long seen = memory.precedenceAcquire();
        if (seen != 0) {
            await(seen);
        }
    }

    @SuppressWarnings("ThreadPriorityCheck") // for microseconds, which no way of sleeping is as short as
    private void await(long seen) {
        for (int spins = 0; memory.precedenceAcquire() == seen; spins++) {
            if (isOver(seen)) {
                memory.compareAndSetPrecedence(seen, 0);
                return;
            }
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield(); // whoever asked may wait for this processor
            }
        }
    }

    private static boolean isOver(long until) {
        long left = until - System.nanoTime();
        return left <= 0 || left > NANOS + 1;
    }
}
