// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.file.SharedFile;
import java.util.function.BooleanSupplier;

/**
 * Whether the mapped state file is still the one that others would open, asked of the kernel at most every 50 µs; whether its
 * path still leads to it, which is dearer and changes only where somebody moves the file or a directory above it, at most
 * every 10 ms.
 *
 * <p>The question is a system call and would cost more than the whole transition. An answer that old is as good as a new one:
 * whoever deletes the file takes it from under what was granted before in any case, and nobody can have made a new state file
 * and granted from it in 50 µs, since making one takes longer (it is filled and written to the disk first). Of a moved
 * directory the same can be said of 10 ms less surely; nobody does that by mistake many times a second. A process that was
 * stopped asks again when it goes on.
 */
final class IntactCheck implements BooleanSupplier {
    private static final long MAX_AGE_NANOS = 50_000;
    private static final long MAX_PLACE_AGE_NANOS = 10_000_000;

    private final SharedFile file;

    /** When it was asked last; racy, a lost update costs one more question. */
    private volatile long asked = System.nanoTime() - MAX_AGE_NANOS;

    /** When its place was asked for last; racy as well. */
    private volatile long placed = asked - MAX_PLACE_AGE_NANOS;

    IntactCheck(SharedFile file) {
        this.file = file;
    }

    @Override
    public boolean getAsBoolean() {
        long now = System.nanoTime();
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
            placed = now;
        }
        asked = now;
        return true;
    }
}
