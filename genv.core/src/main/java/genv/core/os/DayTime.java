// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.time.Instant;

/**
 * The time of day at a moment that was read from {@link System#nanoTime()}: for operations that need both clocks and are about as
 * quick as reading one. What happened after a reading of {@link System#currentTimeMillis()} is not dated before it; by how much it may
 * be dated later is less than a microsecond, unless the thread is held up. A clock that was set is followed a tenth of a second later.
 * Thread-safe.
 */
public final class DayTime {
    private static final long RECENT_NANOS = 100_000_000;

    /** How far apart the readings around one of the day may be; a thread that is not held up needs a tenth of it. */
    private static final long CLOSE_NANOS = 1_000;

    /** A thread that is held up each time takes the closest. */
    private static final int TRIES = 16;

    private static volatile Pair pair = read();

    /** What both clocks said, one right after the other: nanoseconds of the one, and nanoseconds since 1970. */
    private record Pair(long nanos, long day) {}

    private DayTime() {}

    private static Pair read() {
        Pair closest = new Pair(0, 0);
        long gap = Long.MAX_VALUE;
        for (int i = 0; i < TRIES && gap > CLOSE_NANOS; i++) {
            long before = System.nanoTime();
            Instant day = Instant.now();
            long between = System.nanoTime() - before;
            if (between < gap) {
                gap = between;
                // not whole milliseconds: they would date a moment up to one too early
                closest = new Pair(before, day.getEpochSecond() * 1_000_000_000 + day.getNano());
            }
        }
        return closest;
    }

    /** Milliseconds since 1970 at a time of {@link System#nanoTime()} that is not long past. */
    public static long millis(long nanos) {
        Pair known = pair;
        long since = nanos - known.nanos();
        if (since < 0 || since >= RECENT_NANOS) {
            known = read();
            pair = known;
            since = nanos - known.nanos();
        }
        return Math.floorDiv(known.day() + since, 1_000_000L);
    }
}
