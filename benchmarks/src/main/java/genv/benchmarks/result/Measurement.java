// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.List;

/**
 * What was measured of one subject.
 *
 * @param unit the unit of all values; empty for a plain number
 * @param median the middle one
 * @param low the one that a twentieth is not above: iterations that nothing disturbed
 * @param high the one that a twentieth is not below
 * @param samples how many values there were
 */
public record Measurement(String unit, double median, double low, double high, int samples) {
    static Measurement of(String unit, List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return new Measurement(
                unit, quantile(sorted, 0.5), quantile(sorted, 0.05), quantile(sorted, 0.95), sorted.size());
    }

    private static double quantile(List<Double> sorted, double part) {
        double place = part * (sorted.size() - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
    }
}
