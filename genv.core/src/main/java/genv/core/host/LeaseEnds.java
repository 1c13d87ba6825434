// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.os.BootClock;
import java.time.Duration;
import java.time.Instant;

/** Times of leases between the API, which knows durations and instants, and the state, which knows milliseconds since boot. */
final class LeaseEnds {
    private LeaseEnds() {}

    /** When a lease ends by the host's clock as it is set now. */
    static Instant instant(EnvBlock block, long sinceBoot) {
        return Instant.ofEpochMilli(System.currentTimeMillis() + (block.lease().end() - sinceBoot));
    }

    static Instant instant(EnvBlock block) {
        return instant(block, BootClock.millis());
    }

    /** When a time since boot is, or was, by the host's clock as it is set now. */
    static Instant instantOf(long sinceBoot) {
        return Instant.ofEpochMilli(System.currentTimeMillis() + (sinceBoot - BootClock.millis()));
    }

    /** Whether an environment has devices for a limited time. */
    static boolean isRunning(EnvBlock block) {
        return block.lease().hasEnd() && !block.devices().isEmpty();
    }

    /** A duration as the state has it: at least a millisecond, at most a thousand years. */
    static long millis(Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(
                    "a lease is longer than zero: duration=" + duration + "; to end it now, detach the devices");
        }
        return duration.toSeconds() >= LeaseTime.LONGEST / 1000 ? LeaseTime.LONGEST : Math.max(1, duration.toMillis());
    }
}
