// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.jr.ob.JSON;

/**
 * The measurements of one run by their names, and where they were taken.
 *
 * <p>In JSON: {@code {"run": {...}, "measurements": {"name": {"unit", "median", "low", "high", "samples"}}}}.
 */
public final class Results {
    private final Map<String, Object> run;
    private final Map<String, Measurement> measurements = new LinkedHashMap<>();

    /** Empty ones of a run with the given facts. */
    public Results(Map<String, Object> run) {
        this.run = new LinkedHashMap<>(run);
    }

    /** Adds a fact about the run. */
    public void fact(String name, Object value) {
        run.put(name, value);
    }

    /** {@return a fact about the run, as text; empty where it is not known} */
    public String fact(String name) {
        return Objects.toString(run.get(name), "");
    }

    /** Adds what was measured once. */
    public void put(String name, String unit, double value) {
        put(name, unit, List.of(value));
    }

    /** Adds what was measured several times, and says so on the standard output. */
    public void put(String name, String unit, List<Double> values) {
        Measurement measured = Measurement.of(unit, values);
        measurements.put(name, measured);
        PrintStream out = System.out;
        out.printf(
                Locale.ROOT,
                "%-42s %16.1f %-4s (%.1f to %.1f, %d values)%n",
                name,
                measured.median(),
                unit,
                measured.low(),
                measured.high(),
                measured.samples());
    }

    /** {@return what was measured under a name} */
    public Optional<Measurement> find(String name) {
        return Optional.ofNullable(measurements.get(name));
    }

    /** Writes all of it. */
    public void write(Path file) {
        Map<String, Object> shown = new LinkedHashMap<>();
        measurements.forEach((name, measured) -> {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("unit", measured.unit());
            values.put("median", rounded(measured.median()));
            values.put("low", rounded(measured.low()));
            values.put("high", rounded(measured.high()));
            values.put("samples", measured.samples());
            shown.put(name, values);
        });
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("run", run);
        all.put("measurements", shown);
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(
                    file, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("the results cannot be written: file=" + file, e);
        }
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }

    /** Reads what was written. */
    public static Results read(Path file) {
        try {
            Map<String, Object> all = JSON.std.mapFrom(Files.readString(file));
            Results results = new Results(map(all, "run"));
            Map<String, Object> measurements = map(all, "measurements");
            measurements.forEach((name, _) -> {
                Map<String, Object> values = map(measurements, name);
                results.measurements.put(
                        name,
                        new Measurement(
                                Objects.toString(values.get("unit")),
                                number(values, "median"),
                                number(values, "low"),
                                number(values, "high"),
                                (int) number(values, "samples")));
            });
            return results;
        } catch (IOException e) {
            throw new UncheckedIOException("the results cannot be read: file=" + file, e);
        }
    }

    @SuppressWarnings("unchecked") // as write has it
    private static Map<String, Object> map(Map<String, Object> whole, String name) {
        return (Map<String, Object>) Objects.requireNonNull(whole.get(name), name);
    }

    private static double number(Map<String, Object> values, String name) {
        return ((Number) Objects.requireNonNull(values.get(name), name)).doubleValue();
    }
}
