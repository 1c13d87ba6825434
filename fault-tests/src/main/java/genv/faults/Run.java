// SPDX-License-Identifier: Apache-2.0
package genv.faults;

import java.nio.file.Path;

/**
 * What one run is given.
 *
 * @param count how many kills, or how many trials
 * @param seed of everything that is random
 * @param directory an empty one, for the run alone, on a local disk
 */
public record Run(int count, long seed, Path directory, Progress progress) {
    /** A seed for one part of this run, unlike that of any other part. */
    public long seedOf(long part) {
        long mixed = (seed ^ part * 0x9e37_79b9_7f4a_7c15L) * 0xbf58_476d_1ce4_e5b9L;
        return mixed ^ mixed >>> 31;
    }
}
