// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** How long things took, in nanoseconds. Thread-safe. */
final class PointTimes {
    /** How long it may take until what a dead process held is there for who needs it. */
    private static final long LIMIT = TimeUnit.MILLISECONDS.toNanos(100);

    private final Series goingOn = new Series("others_go_on");
    private final Series reclaiming = new Series("free_when_needed");
    private final Series ending = new Series("kill_until_seat_is_free");
    private final Series serving = new Series("kill_until_given_to_who_waits");
    private final Series noticing = new Series("seat_is_free_until_given");

    private static final class Series {
        private final String name;
        private long[] values = new long[64];
        private int count;

        Series(String name) {
            this.name = name;
        }

        synchronized void add(long value) {
            if (count == values.length) {
                values = Arrays.copyOf(values, 2 * count);
            }
            values[count++] = value;
        }

        /** {@return the smallest value that is not below this part of all of them} */
        private long quantile(double part) {
            Arrays.sort(values, 0, count);
            return values[(int) Math.min(count - 1, Math.floor(part * count))];
        }

        synchronized String describe() {
            if (count == 0) {
                return name + "=none";
            }
            int late = 0;
            for (int i = 0; i < count; i++) {
                late += values[i] > LIMIT ? 1 : 0;
            }
            return String.format(
                    Locale.ROOT,
                    "%s: n=%d median=%.1fms p99=%.1fms max=%.1fms above_100ms=%d",
                    name,
                    count,
                    quantile(0.5) / 1e6,
                    quantile(0.99) / 1e6,
                    quantile(1) / 1e6,
                    late);
        }

        synchronized void requireUsuallyBelow(long limit) {
            if (count > 0 && quantile(0.5) > limit) {
                throw new AssertionError("it takes too long: " + describe());
            }
        }
    }

    /** Somebody opened the state, became active, attached a device and locked it, beside a stopped process. */
    void wentOn(long nanos) {
        goingOn.add(nanos);
    }

    /** Somebody asked for all devices and got them, among them those of a dead process. */
    void reclaimed(long nanos) {
        reclaiming.add(nanos);
    }

    /**
     * Somebody who was waiting got the devices of a process that was killed; all three by {@link System#nanoTime}. Where the
     * kernel was asked at times only, the longer time is taken.
     */
    void served(long killed, SeatProbe.Release seat, long served) {
        ending.add(seat.free() - killed);
        serving.add(served - killed);
        noticing.add(Math.max(0, served - Math.max(seat.held(), killed)));
    }

    /**
     * Fails if the limit is missed more often than not: a busy machine may miss it now and then. What is counted from the kill
     * includes the end of a whole process, which is the kernel's, so it has more time.
     */
    void requireUsuallyInTime() {
        goingOn.requireUsuallyBelow(LIMIT);
        reclaiming.requireUsuallyBelow(LIMIT);
        noticing.requireUsuallyBelow(LIMIT);
        serving.requireUsuallyBelow(10 * LIMIT);
    }

    @Override
    public String toString() {
        return goingOn.describe() + "; " + reclaiming.describe() + "; " + ending.describe() + "; " + serving.describe()
                + "; " + noticing.describe();
    }
}
