// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks;

import genv.benchmarks.processes.Load;
import genv.benchmarks.processes.WakeUp;
import genv.benchmarks.result.Bound;
import genv.benchmarks.result.Charts;
import genv.benchmarks.result.Results;
import genv.benchmarks.result.Tables;
import genv.benchmarks.startup.StartUp;
import genv.benchmarks.subject.ActivateBenchmark;
import genv.benchmarks.subject.AttachBenchmark;
import genv.benchmarks.subject.DiskSize;
import genv.benchmarks.subject.Jmh;
import genv.benchmarks.subject.LockBenchmark;
import genv.benchmarks.subject.NvmlBenchmark;
import genv.benchmarks.subject.PythonFilesBenchmark;
import genv.benchmarks.subject.QueryBenchmark;
import genv.benchmarks.subject.SmallNvml;
import genv.benchmarks.subject.SnapshotBenchmark;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Measures, and writes the results, the tables and the charts to {@code benchmarks/target}.
 *
 * <p>Arguments: the root of the repository, then options, which {@code ./benchmarks/run --help} explains.
 */
public final class Main {
    private static final String BEGIN = "<!-- measured: written by ./benchmarks/run --publish -->";
    private static final String END = "<!-- end of what was measured -->";
    private static final PrintStream OUT = System.out;

    /** On a busy machine the compiler's threads come too late otherwise, and what is measured is the interpreter. */
    private static final String COMPILE_FIRST = "-Xbatch";

    private final Path root;
    private final Path target;
    private final Settings settings;
    private final Results results;

    private Main(Path root, Settings settings) {
        this.root = root;
        this.target = root.resolve("benchmarks").resolve("target");
        this.settings = settings;
        this.results = Machine.results(settings);
    }

    /** Ends with status 1 where the gate is closed. */
    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        List<String> options = Arrays.asList(arguments).subList(1, arguments.length);
        if (options.contains("--publish")) {
            publish(root);
            return;
        }
        Settings settings = options.contains("--gate")
                ? Settings.GATE
                : options.contains("--smoke")
                        ? Settings.SMOKE
                        : options.contains("--short") ? Settings.SHORT : Settings.FULL;
        Main main = new Main(root, settings);
        Optional<String> only = options.stream()
                .filter(option -> option.startsWith("--only="))
                .map(option -> option.substring("--only=".length()))
                .findFirst();
        main.measure(only);
        if (options.contains("--gate") && !main.isGateOpen(only)) {
            System.exit(1);
        }
    }

    // ---- measuring
    // ---------------------------------------------------------------------------------------------------

    private void measure(Optional<String> only) throws IOException {
        Path logs = Files.createDirectories(target.resolve("logs"));
        Map<String, Runnable> parts =
                settings.equals(Settings.GATE) ? gateParts(jmh(logs, List.of(COMPILE_FIRST))) : parts(logs);
        Set<String> chosen = only.<Set<String>>map(names -> new LinkedHashSet<>(Arrays.asList(names.split(",", -1))))
                .orElse(parts.keySet());
        Map<String, Long> seconds = new LinkedHashMap<>();
        long start = System.nanoTime();
        for (String part : chosen) {
            Runnable measured = parts.get(part);
            if (measured == null) {
                throw new IllegalArgumentException("no such part: part=" + part + ", parts=" + parts.keySet());
            }
            OUT.println("== " + part);
            long begin = System.nanoTime();
            try {
                measured.run();
            } catch (RuntimeException | AssertionError failure) {
                results.fact(
                        "failed: " + part,
                        String.valueOf(failure.getMessage()).lines().findFirst().orElse(""));
                failure.printStackTrace(OUT); // the others are measured all the same
            }
            seconds.put(part, (System.nanoTime() - begin) / 1_000_000_000);
        }
        results.fact("seconds by part", seconds);
        results.fact("load after", Machine.load());
        results.fact("seconds", (System.nanoTime() - start) / 1_000_000_000);
        boolean whole = only.isEmpty() && (settings.equals(Settings.FULL) || settings.equals(Settings.SHORT));
        write(whole ? target : target.resolve(only.isPresent() ? "only" : settings.form()));
    }

    private Jmh jmh(Path logs, List<String> more) {
        List<String> options = new ArrayList<>(Settings.JVM_OPTIONS);
        options.addAll(more);
        return new Jmh(settings, results, logs, options);
    }

    private Map<String, Runnable> parts(Path logs) {
        Jmh jmh = jmh(logs, List.of());
        Jmh small = jmh.ofSmallCode();
        Load load = new Load(settings, results);
        WakeUp wakeUp = new WakeUp(settings, results);
        Map<String, Runnable> parts = new LinkedHashMap<>();
        parts.put("attach", () -> {
            small.run(AttachBenchmark.class, "floor", List.of());
            jmh.run(AttachBenchmark.class, "taskOne|taskEight|processOne|processEight|jsonOne|sqliteOne", List.of());
        });
        parts.put("activate", () -> {
            small.run(ActivateBenchmark.class, "floor", List.of());
            jmh.run(ActivateBenchmark.class, "process", settings.live());
            jmh.run(ActivateBenchmark.class, "task|json|sqlite", settings.fewLive());
        });
        parts.put("lock", () -> {
            small.run(LockBenchmark.class, "floor|fileEight", List.of());
            jmh.run(LockBenchmark.class, "one|eight|jsonOne|sqliteOne", List.of());
        });
        parts.put("query", () -> small.run(QueryBenchmark.class, ".*", List.of()));
        parts.put("snapshot", () -> {
            small.run(SnapshotBenchmark.class, "floor", List.of());
            jmh.run(SnapshotBenchmark.class, "genv|json|sqlite", List.of(10, 1000));
        });
        parts.put("python", () -> small.run(PythonFilesBenchmark.class, ".*", List.of()));
        parts.put("nvml", () -> nvml(logs));
        parts.put("workers", load::attach);
        parts.put("hand", load::hand);
        parts.put("wake", wakeUp::released);
        parts.put("kill", wakeUp::killed);
        parts.put(
                "start",
                () -> new StartUp(
                                settings,
                                results,
                                root.resolve("benchmarks")
                                        .resolve("src")
                                        .resolve("startup")
                                        .resolve("java"),
                                target.resolve("run").resolve("lib"))
                        .measure());
        parts.put("disk", () -> DiskSize.measure(results));
        return parts;
    }

    private void nvml(Path logs) {
        Optional<Path> library = SmallNvml.compile(root, logs);
        if (library.isEmpty()) {
            OUT.println("left out, since there is no C compiler: program=cc");
            return;
        }
        Jmh jmh = jmh(
                        logs,
                        List.of(
                                "-D" + NvmlBenchmark.LIBRARY + "=" + library.orElseThrow(),
                                "-Dorg.bytedeco.javacpp.cachedir=" + logs.resolve("javacpp")))
                .ofSmallCode();
        jmh.run(NvmlBenchmark.class, "bare|binding|reader|jnaDirect|jnaInterface", List.of());
        if (Files.exists(target.resolve("run").resolve("lib").resolve("cuda-linux-x86_64.jar"))) {
            jmh.run(NvmlBenchmark.class, "javacpp", List.of());
        }
    }

    private static Map<String, Runnable> gateParts(Jmh jmh) {
        Map<String, Runnable> parts = new LinkedHashMap<>();
        parts.put("attach", () -> jmh.run(AttachBenchmark.class, "floor|taskOne|taskEight", List.of()));
        parts.put("activate", () -> {
            jmh.run(ActivateBenchmark.class, "floor", List.of());
            jmh.run(ActivateBenchmark.class, "task|process", List.of(0, 1000));
        });
        parts.put("lock", () -> jmh.run(LockBenchmark.class, "floor|one|eight", List.of()));
        parts.put("query", () -> jmh.run(QueryBenchmark.class, "active|eid|attached|configuration", List.of()));
        parts.put("snapshot", () -> {
            jmh.run(SnapshotBenchmark.class, "floor", List.of());
            jmh.run(SnapshotBenchmark.class, "genv", List.of(10, 1000));
        });
        return parts;
    }

    // ---- what comes of it
    // --------------------------------------------------------------------------------------------

    private void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        results.write(directory.resolve("results.json"));
        String tables = Tables.of(results);
        Files.writeString(directory.resolve("results.md"), tables);
        for (Map.Entry<String, String> chart : Charts.of(results).entrySet()) {
            Files.writeString(directory.resolve(chart.getKey()), chart.getValue());
        }
        OUT.println();
        OUT.print(tables);
        OUT.println("written to " + directory);
    }

    /**
     * Whether every bound is kept in one of two runs: a build machine may have become busy after a floor and before its subject, which
     * shows in their ratio.
     */
    private boolean isGateOpen(Optional<String> only) throws IOException {
        Set<Bound> missed = missed();
        if (!missed.isEmpty()) {
            OUT.println("measured once more: what is beyond its bound again is no disturbance");
            measure(only);
            missed.retainAll(missed());
        }
        OUT.println(
                missed.isEmpty()
                        ? "gate: open"
                        : "gate: closed; something has become several times slower, or allocates");
        return missed.isEmpty();
    }

    /** The gates that are not kept, by what nothing disturbed, since a build machine is seldom idle. */
    private Set<Bound> missed() {
        Set<Bound> missed = new LinkedHashSet<>();
        for (Bound bound : Bound.all()) {
            if (!bound.isGate()) {
                continue;
            }
            double value = bound.undisturbed(results).orElse(Double.NaN);
            boolean kept = bound.keeps(value, bound.gate());
            OUT.printf("%-60s %12.2f  gate %10.2f  %s%n", bound.subject(), value, bound.gate(), kept ? "ok" : "FAILED");
            if (!kept) {
                missed.add(bound);
            }
        }
        return missed;
    }

    /** Copies the last run to the documentation. */
    private static void publish(Path root) throws IOException {
        Results last = Results.read(root.resolve("benchmarks").resolve("target").resolve("results.json"));
        Path docs = root.resolve("docs");
        last.write(docs.resolve("performance.json"));
        for (Map.Entry<String, String> chart : Charts.of(last).entrySet()) {
            Files.writeString(docs.resolve(chart.getKey()), chart.getValue());
        }
        Path page = docs.resolve("performance.md");
        String text = Files.readString(page);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalStateException(
                    "the page has no place for tables: file=" + page + "; it needs the lines " + BEGIN + " and " + END);
        }
        Files.writeString(
                page,
                text.substring(0, begin + BEGIN.length()) + "\n\n" + Tables.of(last) + "\n" + text.substring(end));
        OUT.println("published the " + last.fact("form") + " run of " + last.fact("date"));
    }
}
