// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import java.util.StringJoiner;

/** Counts durations in classes that are an eighth of their size wide. Not thread-safe. */
final class Waits {
    private static final int PER_DOUBLING = 8;
    private static final int CLASSES = 64 * PER_DOUBLING;

    private final long[] counts = new long[CLASSES];
    private long longest;

    void add(long nanos) {
        counts[classOf(Math.max(1, nanos))]++;
        longest = Math.max(longest, nanos);
    }

    private static int classOf(long nanos) {
        int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos);
        long rest = exponent >= 3 ? nanos >>> (exponent - 3) & 7 : nanos << (3 - exponent) & 7;
        return exponent * PER_DOUBLING + (int) rest;
    }

    /** The largest duration of a class. */
    private static double top(int number) {
        return Math.scalb(1 + (number % PER_DOUBLING + 1) / (double) PER_DOUBLING, number / PER_DOUBLING);
    }

    void add(Waits other) {
        for (int i = 0; i < CLASSES; i++) {
            counts[i] += other.counts[i];
        }
        longest = Math.max(longest, other.longest);
    }

    long longest() {
        return longest;
    }

    /** The duration that the given part of all does not exceed, an eighth too high at most. */
    double quantile(double part) {
        long all = 0;
        for (long count : counts) {
            all += count;
        }
        long seen = 0;
        for (int i = 0; i < CLASSES; i++) {
            seen += counts[i];
            if (seen > 0 && seen >= part * all) {
                return Math.min((double) longest, top(i));
            }
        }
        return 0;
    }

    /** As one word, for another process. */
    String encode() {
        StringJoiner text = new StringJoiner(",");
        text.add(Long.toString(longest));
        for (int i = 0; i < CLASSES; i++) {
            if (counts[i] != 0) {
                text.add(i + ":" + counts[i]);
            }
        }
        return text.toString();
    }

    static Waits decode(String text) {
        Waits waits = new Waits();
        String[] parts = text.split(",", -1);
        waits.longest = Long.parseLong(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            int colon = parts[i].indexOf(':');
            waits.counts[Integer.parseInt(parts[i].substring(0, colon))] =
                    Long.parseLong(parts[i].substring(colon + 1));
        }
        return waits;
    }
}
