// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/** A time of day that is kept in half a word: in units of 64 ms since 1970, cut off. Differences of up to four years are right. */
public final class CoarseTime {
    private static final int SHIFT = 6;

    private CoarseTime() {}

    /** The stamp of a time in milliseconds since 1970. */
    public static int of(long millis) {
        return (int) (millis >>> SHIFT);
    }

    /** How many milliseconds lie between a stamp and a time, to about 64. */
    public static long millisSince(int stamp, long now) {
        return (long) (of(now) - stamp) << SHIFT;
    }
}
