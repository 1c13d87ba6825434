// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

/**
 * For how long an environment has its devices. All in milliseconds; begin and end on the clock since boot.
 *
 * <p>It runs from when the environment is given its first device until it has none. One that has run out keeps its end: so an
 * environment that has an end and no devices has lost them.
 *
 * @param asked how long a lease is to last when it begins; 0 for as long as the environment lives
 * @param begin when it began, or 0 while none runs
 * @param end when it ends, or 0 while none runs
 */
public record LeaseTime(long asked, long begin, long end) {
    public static final LeaseTime NONE = new LeaseTime(0, 0, 0);

    /** More than any lease lasts, so that no sum overflows: a thousand years. */
    public static final long LONGEST = 1L << 45;

    /** Whether the environment has nothing to do with leases. */
    public boolean isNone() {
        return asked == 0 && end == 0;
    }

    /** Whether it runs, or has run out. */
    public boolean hasEnd() {
        return end != 0;
    }

    public LeaseTime withAsked(long millis) {
        return millis == asked ? this : new LeaseTime(millis, begin, end);
    }

    /** One that runs from now on for so long. */
    public LeaseTime begun(long now, long millis) {
        return new LeaseTime(asked, now, now + millis);
    }

    public LeaseTime withEnd(long newEnd) {
        return new LeaseTime(asked, begin, newEnd);
    }

    /** One that will begin with the next device. */
    public LeaseTime stopped() {
        return hasEnd() ? new LeaseTime(asked, 0, 0) : this;
    }
}
