// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.GenvHost;
import genv.core.os.BootClock;
import genv.testkit.process.Referee;
import java.time.Instant;
import java.util.Optional;

/** Until when something is surely held, by the clock on which leases count, {@link BootClock}. */
final class LeaseEnd {
    /** A moment that is over: the devices are gone, and others may have them. */
    static final long OVER = 1;

    private LeaseEnd() {}

    /**
     * Until when the active environment has what it has: to the millisecond, and never later than its lease ends, however
     * long this thread is kept waiting in the middle.
     *
     * <p>The host says the end as an instant: the time of day when it is asked, and what is left by the boot clock, which it
     * reads before that. So the boot clock is read here before it is asked, and the time of day after: each delay makes the
     * answer smaller.
     *
     * @return {@link Referee#NO_END} where there are devices and no lease
     */
    static long of(GenvHost host) {
        long before = BootClock.millis();
        Optional<Instant> end = host.leaseEnd();
        if (end.isPresent()) {
            return Math.max(OVER, before + end.get().toEpochMilli() - System.currentTimeMillis());
        }
        return host.attached().isEmpty() ? OVER : Referee.NO_END;
    }
}
