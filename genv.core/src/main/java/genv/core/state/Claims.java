// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.layout.ClaimWord;

/**
 * The claim words of the records, or of the cells.
 *
 * <p>Every method that changes a word says which words it may be called on; see {@link Transitions} for the whole protocol.
 */
final class Claims {
    private final StateMemory memory;
    private final long offset;
    private final long stride;
    private final long own;

    /** The racy place to look first: where something was freed last. */
    private int hint;

    Claims(StateMemory memory, long offset, long stride, long token, int hint) {
        this.memory = memory;
        this.offset = offset;
        this.stride = stride;
        this.own = ClaimWord.owned(token);
        this.hint = hint;
    }

    int hint() {
        return hint;
    }

    void hint(int number) {
        hint = number;
    }

    long wordAcquire(int number) {
        return memory.wordAcquire(offset + number * stride);
    }

    /** Takes one whose word is as seen: free, or live and out of use, or owned by a dead process. */
    boolean tryOwn(int number, long seen) {
        return memory.compareAndSetWord(offset + number * stride, seen, own);
    }

    /** Says of an own one that it is published with that version, just before it is. */
    void stamp(int number, long version) {
        memory.wordRelease(offset + number * stride, ClaimWord.live(version));
    }

    /** Takes an own one back that was stamped but not published; fails if somebody has found it out of use meanwhile. */
    boolean unstamp(int number, long version) {
        return memory.compareAndSetWord(offset + number * stride, ClaimWord.live(version), own);
    }

    /** Frees an own one that was not published. */
    void release(int number, long version) {
        memory.wordRelease(offset + number * stride, ClaimWord.free(version));
    }

    /** Frees one that is out of use; fails harmlessly if somebody else has. */
    boolean free(int number, long seen) {
        return memory.compareAndSetWord(offset + number * stride, seen, ClaimWord.free(ClaimWord.version(seen)));
    }

    /** Frees what a dead process owned; the version is one that the root had after the word was seen. */
    boolean freeDead(int number, long seen, long version) {
        return memory.compareAndSetWord(offset + number * stride, seen, ClaimWord.free(version));
    }
}
