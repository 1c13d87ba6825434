// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.model.EnvBlock;

/**
 * Devices, and the memory that is reserved of them, as limits count them.
 *
 * @param memory bytes, or {@link #UNKNOWN}
 */
record Usage(int devices, long memory) {
    static final Usage NONE = new Usage(0, 0);

    /** More than any sum of memory that is compared with. */
    static final long UNKNOWN = Long.MAX_VALUE;

    Usage plus(int moreDevices, long moreMemory) {
        return new Usage(devices + moreDevices, sum(memory, moreMemory));
    }

    Usage plus(Usage more) {
        return plus(more.devices, more.memory);
    }

    /** What a request for devices asks for; how large whole devices will be is not known before it is granted. */
    static Usage of(int count, long share) {
        return new Usage(count, share == EnvBlock.WHOLE ? UNKNOWN : product(share, count));
    }

    static long known(long total) {
        return total < 0 ? UNKNOWN : total;
    }

    static long sum(long a, long b) {
        long sum = a + b;
        return sum < 0 ? UNKNOWN : sum;
    }

    static long product(long share, int count) {
        long product = share * count;
        return count != 0 && (product / count != share || product < 0) ? UNKNOWN : product;
    }
}
