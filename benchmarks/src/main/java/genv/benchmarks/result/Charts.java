// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The charts of the report. */
public final class Charts {
    private Charts() {}

    /** {@return the charts by the names of their files} */
    public static Map<String, String> of(Results results) {
        Map<String, Optional<String>> all = new LinkedHashMap<>();
        all.put("performance-operations.svg", operations(results).bars());
        all.put("performance-environments.svg", environments(results).lines("live environments"));
        all.put("performance-workers.svg", workers(results).lines("workers at the same time"));
        all.put("performance-hand.svg", hand(results).bars());
        Map<String, String> charts = new LinkedHashMap<>();
        all.forEach((file, chart) -> chart.ifPresent(text -> charts.put(file, text)));
        return charts;
    }

    private static Chart operations(Results results) {
        return new Chart(results, "One operation, nobody else there", "ns")
                .add("genv", "attach + detach", "attach.taskOne")
                .add("JSON file", "attach + detach", "attach.jsonOne")
                .add("SQLite", "attach + detach", "attach.sqliteOne")
                .add("FileChannel lock", "attach + detach", "attach.floor")
                .add("genv", "activate, task", "activate.task.0")
                .add("JSON file", "activate, task", "activate.json.0")
                .add("SQLite", "activate, task", "activate.sqlite.0")
                .add("FileChannel lock", "activate, task", "activate.floor")
                .add("genv", "activate, process", "activate.process.0")
                .add("genv", "lock + close", "lock.one")
                .add("JSON file", "lock + close", "lock.jsonOne")
                .add("SQLite", "lock + close", "lock.sqliteOne")
                .add("FileChannel lock", "lock + close", "lock.floor")
                .add("genv", "snapshot of 10", "snapshot.genv.10")
                .add("JSON file", "snapshot of 10", "snapshot.json.10")
                .add("SQLite", "snapshot of 10", "snapshot.sqlite.10");
    }

    private static Chart environments(Results results) {
        Chart chart = new Chart(results, "activate + close, by the number of live environments", "ns");
        for (String live : List.of("0", "1", "10", "100", "1000", "4000")) {
            chart.add("genv, task", live, "activate.task." + live)
                    .add("genv, process", live, "activate.process." + live)
                    .add("JSON file", live, "activate.json." + live)
                    .add("SQLite", live, "activate.sqlite." + live);
        }
        return chart;
    }

    private static Chart workers(Results results) {
        Chart chart = new Chart(results, "attach + detach by several, all together", "1/s");
        for (String number : List.of("1", "2", "4", "8")) {
            chart.add(
                            "genv, threads",
                            number,
                            number.equals("1") ? "genv.attach.processes.1" : "genv.attach.threads." + number)
                    .add("genv, processes", number, "genv.attach.processes." + number)
                    .add("JSON file, processes", number, "json.attach.processes." + number)
                    .add("SQLite, processes", number, "sqlite.attach.processes." + number);
        }
        return chart;
    }

    private static Chart hand(Results results) {
        Chart chart = new Chart(results, "A lock that several want: how often it is handed over", "1/s");
        for (String who : List.of("threads.2", "threads.8", "processes.2", "processes.4")) {
            String group = who.substring(who.indexOf('.') + 1) + " " + who.substring(0, who.indexOf('.'));
            chart.add("genv", group, "genv.hand." + who + ".handed")
                    .add("FileChannel, threads in a queue", group, "file.hand." + who + ".handed")
                    .add("FileChannel, threads overtake", group, "file.barge." + who + ".handed");
        }
        return chart;
    }
}
