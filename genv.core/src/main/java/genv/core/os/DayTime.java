// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

/**
 * The time of day at a moment that was read from {@link System#nanoTime()}: for operations that need both clocks and are about as
 * quick as reading one. A clock that was set is followed a tenth of a second later. Thread-safe.
 */
public final class DayTime {
    private static final long RECENT_NANOS = 100_000_000;

    private static volatile Pair pair = read();

    /** What both clocks said at the same moment. */
    private record Pair(long nanos, long millis) {}

    private DayTime() {}

    private static Pair read() {
        return new Pair(System.nanoTime(), System.currentTimeMillis());
    }

    /** Milliseconds since 1970 at a time of {@link System#nanoTime()} that is not long past. */
    public static long millis(long nanos) {
        Pair known = pair;
        long since = nanos - known.nanos();
        if (since < 0 || since >= RECENT_NANOS) {
            known = read();
            pair = known;
            since = Math.min(nanos - known.nanos(), 0);
        }
        return known.millis() + Math.floorDiv(since, 1_000_000L);
    }
}
