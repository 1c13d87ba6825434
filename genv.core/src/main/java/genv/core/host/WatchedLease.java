// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.rules.LeaseRules;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the leases of one environment, from pictures of it that are taken now and then: which lease runs, when it is to
 * be announced, and which have run out since the last picture.
 *
 * <p>A lease is told from others by its beginning, since it ends before the next one begins. For one thread. All times are
 * milliseconds since boot.
 */
final class WatchedLease {
    private final long noticeMillis;
    private @Nullable Run run;
    private long announceAt;
    private boolean isAnnounced;

    /** When the last lease began that has run out. */
    private long lastOver;

    /** A lease, as it was last seen. {@code devices}: those that it has or had, where that is known. */
    record Run(long begin, long end, List<Integer> devices) {}

    WatchedLease(long noticeMillis) {
        this.noticeMillis = noticeMillis;
    }

    /** Passes over a lease that has run out already. */
    void enter(EnvBlock block) {
        if (LeaseRules.hasExpired(block)) {
            lastOver = block.lease().begin();
        }
    }

    /** Takes a picture in; the leases that have run out since the one before, whose owner is to be told. */
    List<Run> observe(EnvBlock block, long now) {
        LeaseTime lease = block.lease();
        Run known = run;
        boolean isOld =
                lease.hasEnd() && (lease.begin() <= lastOver || (known != null && lease.begin() < known.begin()));
        if (isOld) {
            return List.of(); // taken before another one that was taken in already
        }
        List<Run> over = new ArrayList<>(1);
        boolean isSame = known != null && lease.begin() == known.begin();
        if (known != null && !isSame) {
            if (lease.hasEnd() && lease.begin() >= known.end()) {
                over.add(known); // the next one has begun since
            }
            run = null; // otherwise all of its devices were detached before it was over
        }
        if (LeaseEnds.isRunning(block)) {
            observeRunning(block, now);
        } else if (LeaseRules.hasExpired(block)) {
            List<Integer> had = isSame && known != null ? known.devices() : List.of();
            over.add(new Run(lease.begin(), lease.end(), had));
            run = null;
        }
        over.forEach(one -> lastOver = Math.max(lastOver, one.begin()));
        return over;
    }

    private void observeRunning(EnvBlock block, long now) {
        LeaseTime lease = block.lease();
        Run known = run;
        if (known == null || known.end() != lease.end()) {
            isAnnounced = false;
            announceAt = Math.max(lease.end() - Math.min(noticeMillis, lease.end()), now + (lease.end() - now) / 2);
        }
        run = new Run(lease.begin(), lease.end(), block.devices().toList());
    }

    /** The lease that runs, or null. */
    @Nullable
    Run running() {
        return run;
    }

    /** Whether the end of the lease that runs is to be announced now; true once for each end. */
    boolean isToBeAnnounced(long now) {
        Run known = run;
        boolean isDue = known != null && !isAnnounced && now >= announceAt && now < known.end();
        isAnnounced |= isDue;
        return isDue;
    }

    /** When there is something to do for the lease that runs, if nothing about it changes. */
    long next() {
        Run known = run;
        return known == null ? Long.MAX_VALUE : isAnnounced ? known.end() : Math.min(announceAt, known.end());
    }
}
