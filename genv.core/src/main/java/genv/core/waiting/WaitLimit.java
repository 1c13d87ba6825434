// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import java.time.Duration;

/**
 * How long a request waits.
 *
 * @param nanos 0 for not at all, {@link Long#MAX_VALUE} for as long as it takes
 * @param interruptible whether an interrupt ends the waiting; otherwise it is kept for later
 */
public record WaitLimit(long nanos, boolean interruptible) {
    public static final WaitLimit NONE = new WaitLimit(0, false);
    public static final WaitLimit UNLIMITED = new WaitLimit(Long.MAX_VALUE, false);

    /** An interruptible limit. A duration of more than 292 years is as good as none. */
    public static WaitLimit of(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            return NONE;
        }
        boolean forever = limit.toSeconds() >= Long.MAX_VALUE / 1_000_000_000L;
        return new WaitLimit(forever ? Long.MAX_VALUE : limit.toNanos(), true);
    }

    /** When it is over, on the clock of {@link System#nanoTime()}. */
    public Deadline start() {
        boolean runs = nanos > 0 && nanos < Long.MAX_VALUE;
        return new Deadline(runs ? System.nanoTime() : 0, nanos);
    }

    /** A running limit. */
    public record Deadline(long started, long nanos) {
        /** Nanoseconds left, at most 0 when it is over. */
        public long remaining() {
            return nanos == Long.MAX_VALUE || nanos <= 0 ? nanos : nanos - (System.nanoTime() - started);
        }
    }
}
