// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A chart with a logarithmic scale: bars in groups, or lines over a number.
 *
 * <p>What was not measured is left out.
 */
final class Chart {
    private static final double LEFT = 80;
    private static final double RIGHT = Svg.WIDTH - 20.0;
    private static final double TOP = 60;
    private static final double BOTTOM = Svg.HEIGHT - 50.0;

    private final Results results;
    private final String title;
    private final String unit;

    /** Names of measurements by series and group. */
    private final Map<String, Map<String, String>> series = new LinkedHashMap<>();

    Chart(Results results, String title, String unit) {
        this.results = results;
        this.title = title;
        this.unit = unit;
    }

    /** Adds a value to a series. */
    Chart add(String line, String group, String name) {
        if (results.find(name).isPresent()) {
            series.computeIfAbsent(line, _ -> new LinkedHashMap<>()).put(group, name);
        }
        return this;
    }

    private double median(String name) {
        return results.find(name).map(Measurement::median).orElse(0.0);
    }

    /** The powers of ten below and above all values; empty where there are none. */
    private Optional<double[]> range() {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (Map<String, String> line : series.values()) {
            for (String name : line.values()) {
                least = Math.min(least, Math.max(median(name), 1e-3));
                most = Math.max(most, median(name));
            }
        }
        return most == 0
                ? Optional.empty()
                : Optional.of(new double[] {Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))});
    }

    private static double height(double value, double[] range) {
        double part = (Math.log10(Math.max(value, 1e-3)) - range[0]) / Math.max(1, range[1] - range[0]);
        return BOTTOM - Math.max(0, part) * (BOTTOM - TOP);
    }

    private Svg axes(double[] range) {
        Svg svg = new Svg(title);
        for (double power = range[0]; power <= range[1]; power++) {
            double y = height(Math.pow(10, power), range);
            svg.line(LEFT, y, RIGHT, y, "#dddddd", 1);
            svg.label(LEFT - 6, y + 4, "end", "normal", Amount.of(Math.pow(10, power), unit));
        }
        svg.legend(List.copyOf(series.keySet()));
        return svg;
    }

    private List<String> groups() {
        List<String> groups = new ArrayList<>();
        series.values()
                .forEach(line -> line.keySet().stream()
                        .filter(group -> !groups.contains(group))
                        .forEach(groups::add));
        return groups;
    }

    /** {@return the chart with a bar for each value; empty where nothing was measured} */
    Optional<String> bars() {
        return range().map(range -> {
            Svg svg = axes(range);
            List<String> groups = groups();
            double width = (RIGHT - LEFT) / groups.size();
            double bar = width * 0.8 / series.size();
            for (int i = 0; i < groups.size(); i++) {
                String group = groups.get(i);
                double x = LEFT + i * width + width * 0.1;
                int colour = 0;
                for (Map<String, String> line : series.values()) {
                    String name = line.get(group);
                    if (name != null) {
                        double y = height(median(name), range);
                        svg.bar(x, y, bar - 2, BOTTOM - y, Svg.COLOURS.get(colour), hint(name));
                        svg.label(x + bar / 2 - 1, y - 4, "middle", "normal", Amount.digits(scaled(name)));
                    }
                    x += bar;
                    colour++;
                }
                svg.label(LEFT + (i + 0.5) * width, BOTTOM + 18, "middle", "normal", group);
            }
            svg.label(LEFT, Svg.HEIGHT - 10, "start", "normal", "numbers on the bars: " + scale());
            return svg.end();
        });
    }

    private String scale() {
        return unit.equals("ns") ? "microseconds" : "thousands a second";
    }

    private double scaled(String name) {
        return median(name) / 1000;
    }

    private String hint(String name) {
        return name + ": " + Amount.of(median(name), unit);
    }

    /** {@return the chart with a line for each series over its groups, which are numbers; empty where nothing was measured} */
    Optional<String> lines(String below) {
        return range().map(range -> {
            Svg svg = axes(range);
            List<String> groups = groups().stream()
                    .sorted((a, b) -> Double.compare(Double.parseDouble(a), Double.parseDouble(b)))
                    .toList();
            double step = (RIGHT - LEFT - 60) / Math.max(1, groups.size() - 1);
            for (int i = 0; i < groups.size(); i++) {
                svg.label(LEFT + 30 + i * step, BOTTOM + 18, "middle", "normal", groups.get(i));
            }
            int colour = 0;
            for (Map<String, String> line : series.values()) {
                double lastX = 0;
                double lastY = 0;
                for (int i = 0; i < groups.size(); i++) {
                    String name = line.get(groups.get(i));
                    if (name == null) {
                        continue;
                    }
                    double x = LEFT + 30 + i * step;
                    double y = height(median(name), range);
                    if (lastX > 0) {
                        svg.line(lastX, lastY, x, y, Svg.COLOURS.get(colour), 2);
                    }
                    svg.dot(x, y, Svg.COLOURS.get(colour), hint(name));
                    lastX = x;
                    lastY = y;
                }
                colour++;
            }
            svg.label((LEFT + RIGHT) / 2, Svg.HEIGHT - 12, "middle", "normal", below);
            return svg.end();
        });
    }
}
