// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

/** Sleeps. */
final class Pause {
    private Pause() {}

    static void millis(double millis) {
        long nanos = (long) (millis * 1_000_000);
        try {
            Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
        } catch (InterruptedException e) {
            throw new IllegalStateException("a benchmark was interrupted", e);
        }
    }
}
