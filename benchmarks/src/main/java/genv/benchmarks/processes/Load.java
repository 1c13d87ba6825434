// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.benchmarks.Settings;
import genv.benchmarks.result.Results;
import java.util.List;
import java.util.Locale;

/** Lets workers in threads and processes work at the same time, and adds up what they did. */
public final class Load {
    private final Settings settings;
    private final Results results;

    /** Writes to the given results. */
    public Load(Settings settings, Results results) {
        this.settings = settings;
        this.results = results;
    }

    /** Attaching and detaching, each worker its own device, in 1 to 8 threads and 1 to 8 processes. */
    public void attach() {
        try (Crew crew = new Crew(settings)) {
            for (int number : List.of(1, 2, 4, 8)) {
                if (number > 1) {
                    run(crew, Workload.GENV_ATTACH, 1, number);
                }
                run(crew, Workload.GENV_ATTACH, number, 1);
                run(crew, Workload.PYTHON_ATTACH, number, 1);
                run(crew, Workload.JSON_ATTACH, number, 1);
                run(crew, Workload.SQLITE_ATTACH, number, 1);
            }
        }
    }

    /** A lock that goes from one worker to the next. */
    public void hand() {
        try (Crew crew = new Crew(settings)) {
            for (int threads : List.of(2, 8)) {
                run(crew, Workload.GENV_HAND, 1, threads);
                run(crew, Workload.FILE_HAND, 1, threads);
                run(crew, Workload.FILE_BARGE, 1, threads);
            }
            for (int processes : List.of(2, 4)) {
                run(crew, Workload.GENV_HAND, processes, 1);
                run(crew, Workload.FILE_HAND, processes, 1);
            }
        }
    }

    private void run(Crew crew, Workload workload, int processes, int threads) {
        String kind = threads > 1 ? "threads" : "processes";
        String id = workload.name().toLowerCase(Locale.ROOT).replace('_', '.') + "." + kind + "."
                + Math.max(threads, processes);
        record(id, crew.work(workload, processes, threads));
    }

    private void record(String id, List<Worker.Count> counts) {
        double operations = 0;
        double handed = 0;
        long least = Long.MAX_VALUE;
        long most = 0;
        Waits waits = new Waits();
        for (Worker.Count count : counts) {
            operations += count.operations() * 1e9 / count.nanos();
            handed += count.handed() * 1e9 / count.nanos();
            least = Math.min(least, count.operations());
            most = Math.max(most, count.operations());
            waits.add(count.waits());
        }
        results.put(id, "1/s", operations);
        if (waits.longest() > 0) {
            results.put(id + ".handed", "1/s", handed);
            results.put(id + ".wait.median", "ns", waits.quantile(0.5));
            results.put(id + ".wait.p99", "ns", waits.quantile(0.99));
            results.put(id + ".wait.longest", "ns", (double) waits.longest());
            results.put(id + ".least", "", (double) least / most);
        }
    }
}
