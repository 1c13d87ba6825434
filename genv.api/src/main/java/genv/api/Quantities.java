// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Duration;
import java.util.Objects;

/** The bounds of the numbers in requests and configurations. Each method returns its argument or throws. */
final class Quantities {
    static final int MAX_GPUS = 1024;

    private Quantities() {}

    static int checkGpus(int gpus) {
        if (gpus < 0 || gpus > MAX_GPUS) {
            throw new IllegalArgumentException(
                    "number of gpus is out of range: gpus=" + gpus + "; give one from 0 to " + MAX_GPUS);
        }
        return gpus;
    }

    static int checkIndex(int index) {
        if (index < 0) {
            throw new IllegalArgumentException(
                    "negative device index: index=" + index + "; give one of the host's, which begin at 0");
        }
        return index;
    }

    static MemorySize checkShare(MemorySize share) {
        Objects.requireNonNull(share, "size");
        if (share.bytes() == 0) {
            throw new IllegalArgumentException("gpu memory share is zero: gpuMemory=" + share
                    + "; give a positive size, or leave it out for whole devices");
        }
        return share;
    }

    static Duration checkWait(Duration limit) {
        Objects.requireNonNull(limit, "limit");
        if (limit.isNegative()) {
            throw new IllegalArgumentException(
                    "negative wait limit: limit=" + limit + "; give Duration.ZERO for a request that does not wait");
        }
        return limit;
    }

    static Duration checkLease(Duration duration) {
        Objects.requireNonNull(duration, "duration");
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(
                    "a lease is longer than zero: duration=" + duration + "; leave it out for none");
        }
        return duration;
    }
}
