// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/** The tables of the report, in Markdown. */
public final class Tables {
    private static final List<Integer> LIVE = List.of(0, 100, 1000);

    private final Results results;
    private final StringJoiner text = new StringJoiner("\n", "", "\n");

    private Tables(Results results) {
        this.results = results;
    }

    /** {@return all tables} */
    public static String of(Results results) {
        Tables tables = new Tables(results);
        tables.run();
        tables.bounds();
        tables.peers();
        tables.hand();
        tables.rest();
        return tables.text.toString();
    }

    private void run() {
        text.add("Measured on " + results.fact("date") + ", form `" + results.fact("form") + "`: "
                + results.fact("processor")
                + ", " + results.fact("processors") + " processors, " + results.fact("system") + ", Java "
                + results.fact("java") + ". Load average " + results.fact("load before") + " before and "
                + results.fact("load after") + " after, of which the run itself makes about one to two.");
        text.add("");
    }

    private void bounds() {
        text.add("| subject | bound | measured | undisturbed | in absolute terms | reached |");
        text.add("|---|---|---|---|---|---|");
        for (Bound bound : Bound.all()) {
            Optional<Double> value = bound.value(results);
            text.add("| " + bound.subject() + " | " + limit(bound) + " | "
                    + value.map(figure -> figure(bound, figure)).orElse("not measured") + " | "
                    + (value.isPresent() ? undisturbed(bound) : "") + " | " + absolute(bound) + " | "
                    + value.map(figure -> bound.keeps(figure, bound.limit()) ? "yes" : "**no**")
                            .orElse("") + " |");
        }
        text.add("");
    }

    private String unit(Bound bound) {
        return results.find(bound.of()).map(Measurement::unit).orElse("ns");
    }

    private String limit(Bound bound) {
        return switch (bound.kind()) {
            case FLOORS -> Amount.digits(bound.limit()) + " F";
            case TIMES -> Amount.digits(bound.limit()) + " times";
            case TIMES_PEER -> "at least " + Amount.digits(bound.limit()) + " times";
            case MORE, PLAIN -> Amount.of(bound.limit(), unit(bound));
        };
    }

    private String figure(Bound bound, double value) {
        return switch (bound.kind()) {
            case FLOORS -> Amount.digits(value) + " F";
            case TIMES, TIMES_PEER -> Amount.digits(value) + " times";
            case MORE, PLAIN -> Amount.of(value, unit(bound));
        };
    }

    /** What was measured once or rarely has no undisturbed samples to speak of. */
    private String undisturbed(Bound bound) {
        boolean many = results.find(bound.of())
                .map(measured -> measured.samples() >= 20)
                .orElse(false);
        return many
                ? bound.undisturbed(results).map(value -> figure(bound, value)).orElse("")
                : "";
    }

    private String absolute(Bound bound) {
        return bound.kind() == Bound.Kind.PLAIN ? "" : amount(bound.of()) + " to " + amount(bound.per());
    }

    private String amount(String name) {
        return results.find(name)
                .map(measured -> Amount.of(measured.median(), measured.unit()))
                .orElse("–");
    }

    private void peers() {
        text.add("The same operations elsewhere, in the same run:");
        text.add("");
        text.add("| operation | genv | genv in the files of Python Genv | `FileChannel` locks | JSON file | SQLite |");
        text.add("|---|---|---|---|---|---|");
        row(
                "attach + detach, one device",
                "attach.taskOne",
                "pythonfiles.attach",
                "",
                "attach.jsonOne",
                "attach.sqliteOne");
        row("lock + close, one device", "lock.one", "pythonfiles.lock", "lock.floor", "lock.jsonOne", "lock.sqliteOne");
        row("lock + close, eight devices", "lock.eight", "", "lock.fileEight", "", "");
        for (int live : LIVE) {
            row(
                    "activate + close in a task, " + live + " live",
                    "activate.task." + live,
                    live == 0 ? "pythonfiles.activate" : "",
                    "",
                    "activate.json." + live,
                    "activate.sqlite." + live);
        }
        for (int live : List.of(10, 1000)) {
            row(
                    "snapshot, " + live + " live",
                    "snapshot.genv." + live,
                    "",
                    "",
                    "snapshot.json." + live,
                    "snapshot.sqlite." + live);
        }
        for (int number : List.of(1, 2, 4, 8)) {
            row(
                    "attach + detach in " + number + (number == 1 ? " process" : " processes") + ", all together",
                    "genv.attach.processes." + number,
                    "python.attach.processes." + number,
                    "",
                    "json.attach.processes." + number,
                    "sqlite.attach.processes." + number);
        }
        text.add("");
    }

    private void row(String operation, String genv, String... peers) {
        StringBuilder row = new StringBuilder("| " + operation + " | " + amount(genv) + " |");
        for (String peer : peers) {
            row.append(' ').append(beside(genv, peer)).append(" |");
        }
        text.add(row.toString());
    }

    /** A peer's figure, and how many times better genv's is. */
    private String beside(String genv, String peer) {
        if (peer.isEmpty()) {
            return "";
        }
        Optional<Measurement> own = results.find(genv);
        return results.find(peer)
                .flatMap(other -> own.map(ours -> {
                    double times = other.unit().equals("1/s")
                            ? ours.median() / other.median()
                            : other.median() / ours.median();
                    return Amount.of(other.median(), other.unit()) + " (" + Amount.digits(times) + "×)";
                }))
                .orElse("–");
    }

    private void hand() {
        text.add("A lock that several want all the time:");
        text.add("");
        text.add("| who | kind | handed over | acquired | wait: median | 99th percentile | longest | least to most"
                + " served |");
        text.add("|---|---|---|---|---|---|---|---|");
        for (String who : List.of("threads.2", "threads.8", "processes.2", "processes.4")) {
            handed(who, "genv", "genv.hand.");
            handed(who, "`FileChannel`, threads in a queue", "file.hand.");
            handed(who, "`FileChannel`, threads overtake", "file.barge.");
        }
        text.add("");
    }

    private void handed(String who, String kind, String prefix) {
        String name = prefix + who;
        if (results.find(name).isEmpty()) {
            return;
        }
        String[] parts = who.split("\\.", -1);
        text.add("| " + parts[1] + " " + parts[0] + " | "
                + (parts[0].equals("processes") ? kind.replace(", threads in a queue", "") : kind) + " | "
                + amount(name + ".handed") + " | " + amount(name) + " | " + amount(name + ".wait.median") + " | "
                + amount(name + ".wait.p99") + " | " + amount(name + ".wait.longest") + " | "
                + amount(name + ".least") + " |");
    }

    private void rest() {
        text.add("More, for orientation:");
        text.add("");
        text.add("| what | median | 5th to 95th percentile |");
        text.add("|---|---|---|");
        plain("attach + detach of one device in the process scope, native variables set twice", "attach.processOne");
        plain("attach + detach of eight devices in the process scope", "attach.processEight");
        plain("activate + close in a task, 4,000 live", "activate.task.4000");
        plain("activate + close in the process scope, 4,000 live", "activate.process.4000");
        plain("`attached()` in a task", "query.attachedOfTask");
        plain("wake-up of a `FileChannel` lock after release", "wake.file");
        plain("wake-up of a `FileChannel` lock after SIGKILL", "kill.file");
        plain("NVML memory query: bare downcall", "nvml.bare");
        plain("NVML memory query: the backend's binding", "nvml.binding");
        plain("NVML memory query: the backend's reader, with its objects", "nvml.reader");
        plain("NVML memory query: JavaCPP", "nvml.javacpp");
        plain("NVML memory query: JNA, direct mapping", "nvml.jnaDirect");
        plain("NVML memory query: JNA, interface mapping", "nvml.jnaInterface");
        plain("JVM with an empty main, module path", "start.modules.nothing");
        plain("JVM with an empty main, jlink image", "start.image.nothing");
        plain("JVM with an empty main, AOT cache", "start.aot.nothing");
        plain("JVM with one call of the C library, module path", "start.modules.call");
        plain("JVM with one call of the C library, jlink image", "start.image.call");
        plain("JVM with one call of the C library, AOT cache", "start.aot.call");
        plain("JVM to its first environment, on a host that has no state yet, module path", "start.modules.host");
        plain("state file on disk, empty", "disk.state.0");
        plain("state file on disk with 1,000 environments", "disk.state.1000");
    }

    private void plain(String what, String name) {
        results.find(name)
                .ifPresent(measured -> text.add("| " + what + " | " + amount(name) + " | "
                        + (measured.samples() > 1
                                ? Amount.of(measured.low(), measured.unit()) + " to "
                                        + Amount.of(measured.high(), measured.unit())
                                : "")
                        + " |"));
    }
}
