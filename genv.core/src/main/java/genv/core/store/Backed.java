// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.file.SharedFile;
import genv.core.layout.FileLayout;
import genv.core.state.Transitions;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Makes sure that the pages of the sparse state file have their space on the disk before they are written: on a full disk a
 * store into a hole would otherwise raise SIGBUS. Each page is asked for once in the life of a process.
 */
final class Backed implements Transitions.Backing {
    private static final int PAGE_SHIFT = 12;

    private final SharedFile file;
    private final AtomicLongArray known = new AtomicLongArray((int) (FileLayout.FILE_SIZE >>> (PAGE_SHIFT + 6)) + 1);

    Backed(SharedFile file) {
        this.file = file;
    }

    @Override
    public void ensure(long offset, long length) {
        if (length == 0) {
            return;
        }
        int last = (int) ((offset + length - 1) >>> PAGE_SHIFT);
        for (int page = (int) (offset >>> PAGE_SHIFT); page <= last; page++) {
            long bit = 1L << (page & 63);
            if ((known.getPlain(page >>> 6) & bit) == 0) {
                file.reserve((long) page << PAGE_SHIFT, 1L << PAGE_SHIFT);
                known.getAndUpdate(page >>> 6, bits -> bits | bit);
            }
        }
    }
}
