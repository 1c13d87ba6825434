// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.Locale;

/** Writes amounts as people read them: three digits and a unit that fits. */
final class Amount {
    private Amount() {}

    static String of(double value, String unit) {
        return switch (unit) {
            case "ns" ->
                value >= 1e6
                        ? digits(value / 1e6) + " ms"
                        : value >= 1e3 ? digits(value / 1e3) + " µs" : digits(value) + " ns";
            case "B" ->
                value >= 1 << 20
                        ? digits(value / (1 << 20)) + " MiB"
                        : value >= 1024 ? digits(value / 1024) + " KiB" : digits(value) + " B";
            case "1/s" -> value >= 1e3 ? digits(value / 1e3) + " k/s" : digits(value) + " /s";
            default -> digits(value);
        };
    }

    static String digits(double value) {
        double size = Math.abs(value);
        if (size < 0.005) {
            return "0";
        }
        return String.format(Locale.ROOT, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value);
    }
}
