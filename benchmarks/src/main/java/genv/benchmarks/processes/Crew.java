// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.benchmarks.Settings;
import genv.benchmarks.peer.Scratch;
import genv.testkit.process.ChildJvm;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Processes that work together, some of them or all, at one workload after the other.
 *
 * <p>Each rehearses a workload before its first time, alone on the machine: a JVM that begins together with others competes with
 * their compilers, and what is then counted is who gets a processor. Not thread-safe.
 */
final class Crew implements AutoCloseable {
    private final Settings settings;
    private final List<ChildJvm> processes = new ArrayList<>();
    private final Map<Workload, Integer> rehearsed = new EnumMap<>(Workload.class);

    Crew(Settings settings) {
        this.settings = settings;
    }

    /** Has processes, with that many threads each, do the same at the same time, and gives what each thread counted. */
    List<Worker.Count> work(Workload workload, int number, int threads) {
        prepare(workload, number);
        List<ChildJvm> working = processes.subList(0, number);
        List<Worker.Count> counts = new ArrayList<>();
        try (Scratch scratch = Scratch.create()) {
            for (int i = 0; i < number; i++) {
                working.get(i)
                        .tell(Worker.work(
                                workload,
                                scratch.directory(),
                                i * threads,
                                threads,
                                warmMillis(workload),
                                settings.loadMillis()));
            }
            working.forEach(child -> child.expect(Worker.WARM));
            working.forEach(child -> child.tell(Worker.GO));
            for (ChildJvm child : working) {
                for (int i = 0; i < threads; i++) {
                    counts.add(Worker.Count.decode(child.next()));
                }
            }
            working.forEach(child -> child.expect(Worker.DONE)); // only then is the directory not used any more
        }
        return counts;
    }

    private void prepare(Workload workload, int number) {
        while (processes.size() < number) {
            processes.add(ChildJvm.of(Worker.class)
                    .jvmOptions(Settings.childOptions())
                    .start());
        }
        int done = rehearsed.getOrDefault(workload, 0);
        for (int i = done; i < number; i++) {
            ChildJvm child = processes.get(i);
            child.tell(Worker.rehearse(workload, longestRehearsal(workload)));
            child.expect(Worker.REHEARSED);
        }
        rehearsed.merge(workload, number, Math::max);
    }

    /** Until a lock goes from one to the other as it will go on: what is compiled by then is not what was in the rehearsal. */
    private long warmMillis(Workload workload) {
        return workload == Workload.GENV_HAND ? 5 * settings.loadWarmMillis() : settings.loadWarmMillis();
    }

    /** Hand-overs happen only while both sides run; of the others it is known what they cost in a process that is alone. */
    private long longestRehearsal(Workload workload) {
        return switch (workload) {
            case GENV_HAND -> settings.rehearsalMillis();
            case GENV_ATTACH, FILE_HAND, FILE_BARGE -> settings.rehearsalMillis() / 3;
            case PYTHON_ATTACH, JSON_ATTACH, SQLITE_ATTACH -> settings.rehearsalMillis() / 10;
        };
    }

    @Override
    public void close() {
        try {
            processes.forEach(child -> child.tell(Worker.END));
            processes.forEach(ChildJvm::awaitExit);
        } finally {
            processes.forEach(ChildJvm::close);
        }
    }
}
