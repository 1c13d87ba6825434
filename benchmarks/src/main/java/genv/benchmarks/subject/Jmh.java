// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.benchmarks.Settings;
import genv.benchmarks.result.Results;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.function.Function;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** Runs benchmarks by JMH, and takes over the figure of each iteration. */
public final class Jmh {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    private final Settings settings;
    private final Results results;
    private final Path log;
    private final List<String> jvmOptions;
    private final int warmUpMillis;

    /** What JMH says goes to a file. */
    public Jmh(Settings settings, Results results, Path log, List<String> jvmOptions) {
        this(settings, settings.warmUpMillis(), results, log, jvmOptions);
    }

    private Jmh(Settings settings, int warmUpMillis, Results results, Path log, List<String> jvmOptions) {
        this.settings = settings;
        this.warmUpMillis = warmUpMillis;
        this.results = results;
        this.log = log;
        this.jvmOptions = new ArrayList<>(jvmOptions);
    }

    /** The same for subjects that are so little code that it is compiled soon. */
    public Jmh ofSmallCode() {
        return new Jmh(settings, settings.smallWarmUpMillis(), results, log, jvmOptions);
    }

    /** Runs some methods of a benchmark, which a pattern names; where they have the parameter, for each number of environments. */
    public void run(Class<?> benchmark, String methods, List<Integer> live) {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(benchmark.getName().replace(".", "\\.") + "\\.(" + methods + ")$")
                .forks(settings.forks())
                .warmupIterations(1)
                .warmupTime(TimeValue.milliseconds(warmUpMillis))
                .measurementIterations(settings.iterations())
                .measurementTime(TimeValue.milliseconds(settings.iterationMillis()))
                .jvmArgs(jvmOptions.toArray(String[]::new))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .shouldDoGC(false)
                .output(log.resolve(benchmark.getSimpleName() + ".log").toString());
        if (!live.isEmpty()) {
            options = options.param("live", live.stream().map(String::valueOf).toArray(String[]::new));
        }
        try {
            Collection<RunResult> measured = new Runner(options.build()).run();
            measured.forEach(this::take);
        } catch (RunnerException e) {
            throw new IllegalStateException(
                    "a benchmark failed: benchmark=" + benchmark.getSimpleName() + ", log=" + log, e);
        }
    }

    private void take(RunResult result) {
        String name = name(result.getParams());
        results.put(name, "ns", values(result, iteration -> iteration.getPrimaryResult()));
        results.put(
                name + ".alloc",
                "B",
                values(
                        result,
                        iteration -> Objects.requireNonNull(
                                iteration.getSecondaryResults().get(ALLOCATED), ALLOCATED)));
    }

    private static List<Double> values(RunResult result, Function<IterationResult, Result<?>> choice) {
        return result.getBenchmarkResults().stream()
                .flatMap(fork -> fork.getIterationResults().stream())
                .map(iteration -> choice.apply(iteration).getScore())
                .toList();
    }

    /** The benchmark's class and method and its parameters: {@code activate.task.1000}. */
    private static String name(BenchmarkParams benchmark) {
        List<String> parts = Arrays.asList(benchmark.getBenchmark().split("\\.", -1));
        StringJoiner name = new StringJoiner(".");
        name.add(parts.get(parts.size() - 2).replace("Benchmark", "").toLowerCase(Locale.ROOT));
        name.add(parts.getLast());
        benchmark.getParamsKeys().forEach(key -> name.add(benchmark.getParam(key)));
        return name.toString();
    }
}
