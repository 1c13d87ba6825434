// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.file.SharedFile;
import java.util.function.BooleanSupplier;

/**
 * Whether the mapped state file is still the one that others would open, asked of the kernel at most every 50 µs.
 *
 * <p>The question is a system call and would cost more than the whole transition. An answer that old is as good as a new one:
 * whoever deletes the file takes it from under what was granted before in any case, and nobody can have made a new state file
 * and granted from it in that time, since making one takes longer (it is filled and written to the disk first). A process
 * that was stopped asks again when it goes on.
 */
final class IntactCheck implements BooleanSupplier {
    private static final long MAX_AGE_NANOS = 50_000;

    private final SharedFile file;

    /** When it was asked last; racy, a lost update costs one more question. */
    private volatile long asked = System.nanoTime() - MAX_AGE_NANOS;

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
        asked = now;
        return true;
    }
}
