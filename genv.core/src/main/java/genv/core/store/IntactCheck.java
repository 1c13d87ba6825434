// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.file.SharedFile;
import java.util.function.LongPredicate;

/**
 * Whether the mapped state file is still the one that others would open, asked of the kernel at most every 50 µs; whether its
 * path still leads to it, which is dearer and changes only where somebody moves the file or a directory above it, and whether
 * it is still the only state of its directory, at most every 10 ms.
 *
 * <p>The question is a system call and would cost more than the whole transition. An answer that old is as good as a new one:
 * whoever deletes the file takes it from under what was granted before in any case, and nobody can have made a new state file
 * and granted from it in 50 µs, since making one takes longer (it is filled and written to the disk first). Of a moved
 * directory the same can be said of 10 ms less surely; nobody does that by mistake many times a second. A Genv command that is
 * run beside the state writes its files before it attaches anything, but not as long before. A process that was stopped asks
 * again when it goes on.
 */
final class IntactCheck implements LongPredicate {
    private static final long MAX_AGE_NANOS = 50_000;
    private static final long MAX_PLACE_AGE_NANOS = 10_000_000;

    private final SharedFile file;
    private final Runnable onlyState;

    /** When it was asked last; racy, a lost update costs one more question. */
    private volatile long asked = System.nanoTime() - MAX_AGE_NANOS;

    /** When its place was asked for last; racy as well. */
    private volatile long placed = asked - MAX_PLACE_AGE_NANOS;

    /** {@code onlyState}: throws where another state has come into the directory. */
    IntactCheck(SharedFile file, Runnable onlyState) {
        this.file = file;
        this.onlyState = onlyState;
    }

    @Override
    public boolean test(long now) {
        if (now - asked < MAX_AGE_NANOS) {
            return true;
        }
        if (!file.isIntact()) {
            return false;
        }
        if (now - placed >= MAX_PLACE_AGE_NANOS) {
            if (!file.isInPlace()) {
                return false;
            }
            onlyState.run();
            placed = now;
        }
        asked = now;
        return true;
    }
}
