// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.GenvException;
import genv.api.LeaseExpiredException;
import genv.api.NotActiveException;
import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.LeaseTime;
import genv.core.model.Member;
import genv.core.os.BootClock;
import genv.core.state.CrashPoint;
import java.time.Duration;
import java.util.function.LongSupplier;

/** For how long environments have their devices. The clock is asked only where there is a lease. */
public final class LeaseRules {
    private static final Limits.OfUsers NO_LIMITS = Limits.OfUsers.none();
    private static final LeaseRules UNLIMITED = new LeaseRules(NO_LIMITS, BootClock::millis);

    private final Limits.OfUsers limits;
    private final LongSupplier clock;

    /** {@code clock}: milliseconds since boot. */
    public LeaseRules(Limits.OfUsers limits, LongSupplier clock) {
        this.limits = limits;
        this.clock = clock;
    }

    /** On the host's clock. */
    public static LeaseRules of(Limits.OfUsers limits) {
        return limits.equals(NO_LIMITS) ? UNLIMITED : new LeaseRules(limits, BootClock::millis);
    }

    /** On the host's clock, where nobody set limits. */
    public static LeaseRules unlimited() {
        return UNLIMITED;
    }

    Limits limits(EnvBlock block) {
        return limits(block.owner());
    }

    Limits limits(EnvBlock.Owner user) {
        return limits.apply(user.uid());
    }

    /** Whether a lease is over and its devices have not been taken back yet. */
    public static boolean isOver(EnvBlock block, LongSupplier clock) {
        LeaseTime lease = block.lease();
        return lease.hasEnd() && !block.devices().isEmpty() && clock.getAsLong() >= lease.end();
    }

    /** Whether its devices were taken back because its lease was over. */
    public static boolean hasExpired(EnvBlock block) {
        return block.lease().hasEnd() && block.devices().isEmpty();
    }

    /** The lease of an environment that has been given devices, {@code before} being it without them. */
    EnvBlock begun(EnvBlock before, EnvBlock larger) {
        LeaseTime lease = before.lease();
        if (!before.devices().isEmpty() && lease.hasEnd()) {
            return larger; // what came later belongs to the lease that runs
        }
        long length = limits(before).lease(lease.asked());
        if (length == 0 && !lease.hasEnd()) {
            return larger;
        }
        boolean begins =
                length > 0 && (before.devices().isEmpty() || limits(before).longestLease() >= 0);
        return begins ? larger.withLease(lease.begun(clock.getAsLong(), length)) : larger.withLease(lease.stopped());
    }

    /** The lease of an environment that is joined with one: it lasts at least as long. */
    EnvBlock joined(EnvBlock block, long asked) {
        LeaseTime lease = block.lease();
        if (asked == 0 || (!block.devices().isEmpty() && !lease.hasEnd())) {
            return block;
        }
        LeaseTime longer = lease.withAsked(Math.max(asked, lease.asked()));
        if (lease.hasEnd() && !block.devices().isEmpty()) {
            longer = longer.withEnd(Math.max(lease.end(), latestEnd(block, clock.getAsLong() + asked)));
        }
        return block.withLease(longer);
    }

    private long latestEnd(EnvBlock block, long wanted) {
        long longest = limits(block).longestLease();
        return longest < 0 ? wanted : Math.min(wanted, block.lease().begin() + longest);
    }

    /** Lets the lease of an environment last so long from now on. */
    public EnvBlock renew(Draft draft, EnvBlock block, long millis) {
        if (hasExpired(block) || isOver(block, clock)) {
            throw expired(block, clock);
        }
        if (!block.lease().hasEnd()) {
            throw new NotActiveException("the environment has no lease to renew: eid=" + block.eid() + " devices="
                    + block.devices() + "; one begins with its first device, where it was asked for or the owner of the"
                    + " host demands it");
        }
        long end = clock.getAsLong() + millis;
        if (end > latestEnd(block, end)) {
            Limits allowed = limits(block);
            throw new GenvException("the lease would last longer than the owner of the host allows: eid=" + block.eid()
                    + " asked=" + Duration.ofMillis(end - block.lease().begin()) + " limit="
                    + allowed.longestLeaseText() + " left="
                    + Duration.ofMillis(Math.max(0, latestEnd(block, end) - clock.getAsLong())) + " file="
                    + allowed.source() + "; it counts from the first device: detach all and attach again, behind those"
                    + " who wait");
        }
        EnvBlock renewed = block.withLease(block.lease().withEnd(end));
        draft.put(renewed);
        return renewed;
    }

    /** The environment as it is if its lease is over: without devices and locks. */
    public EnvBlock withoutExpired(Draft draft, EnvBlock block) {
        return isOver(block, clock) ? expire(draft, block) : block;
    }

    /** Takes back what every lease has that is over; how many there were. */
    static int expireAll(Draft draft, LongSupplier clock) {
        int expired = 0;
        for (int i = draft.envCount() - 1; i >= 0; i--) {
            EnvBlock block = draft.env(i);
            if (isOver(block, clock)) {
                expire(draft, block);
                expired++;
            }
        }
        return expired;
    }

    private static EnvBlock expire(Draft draft, EnvBlock block) {
        CrashPoint.EXPIRING.reach();
        DeviceSet lost = block.devices();
        draft.note(new Note.Reaped(
                Note.Remains.LEASE,
                block.eid(),
                block.owner(),
                block.members().stream().map(Member::pid).toList(),
                lost));
        EnvBlock rest = block.expired();
        draft.put(rest);
        LockRules.releaseDevices(draft, block.id(), lost);
        return rest;
    }

    /** What an operation throws that needs devices which a lease has cost, whether or not they were taken back. */
    public static LeaseExpiredException expired(EnvBlock block, LongSupplier clock) {
        return new LeaseExpiredException("the lease of the environment has run out, its devices and locks "
                + (hasExpired(block) ? "were taken back" : "are for whoever needs them")
                + ": eid=" + block.eid() + " ended_before="
                + Duration.ofMillis(
                        Math.max(0, clock.getAsLong() - block.lease().end()))
                + "; attach devices again, behind those who wait, or ask for a longer lease");
    }
}
