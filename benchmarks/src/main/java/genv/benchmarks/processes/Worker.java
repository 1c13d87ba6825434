// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process with some workers, which does what it is told, line by line.
 *
 * <p>Told to {@linkplain #rehearse rehearse}, it answers {@link #REHEARSED}. Told to {@linkplain #work work}, it says
 * {@link #WARM} when it is, begins at {@link #GO}, answers what each worker counted, and {@link #DONE}.
 */
final class Worker implements ChildTask {
    static final String REHEARSED = "rehearsed";
    static final String WARM = "warm";
    static final String GO = "go";
    static final String DONE = "done";
    static final String END = "end";

    private static final String SEPARATOR = "\t";

    static String rehearse(Workload workload, long longestMillis) {
        return String.join(SEPARATOR, workload.name(), Long.toString(longestMillis));
    }

    /** {@code first}: the number of the first worker of the process. */
    static String work(Workload workload, Path directory, int first, int threads, long warmMillis, long millis) {
        return String.join(
                SEPARATOR,
                workload.name(),
                directory.toString(),
                Integer.toString(first),
                Integer.toString(threads),
                Long.toString(warmMillis),
                Long.toString(millis));
    }

    /** What was counted. */
    record Count(long operations, long handed, long nanos, Waits waits) {
        String encode() {
            return operations + " " + handed + " " + nanos + " " + waits.encode();
        }

        static Count decode(String text) {
            String[] parts = text.split(" ", -1);
            return new Count(
                    Long.parseLong(parts[0]),
                    Long.parseLong(parts[1]),
                    Long.parseLong(parts[2]),
                    Waits.decode(parts[3]));
        }
    }

    @Override
    public void run(ChildContext context) throws Exception {
        for (String told = context.receive(); !told.equals(END); told = context.receive()) {
            List<String> words = List.of(told.split(SEPARATOR, -1));
            Workload workload = Workload.valueOf(words.get(0));
            if (words.size() == 2) {
                new Rehearsal().of(workload, Long.parseLong(words.get(1)));
                context.send(REHEARSED);
            } else {
                work(context, workload, words);
                context.send(DONE);
            }
        }
    }

    private static void work(ChildContext context, Workload workload, List<String> words) throws Exception {
        int first = Integer.parseInt(words.get(2));
        int threads = Integer.parseInt(words.get(3));
        long warmMillis = Long.parseLong(words.get(4));
        long millis = Long.parseLong(words.get(5));
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch allWarm = new CountDownLatch(threads);
        Workload.Place place = workload.open(Path.of(words.get(1)), 0);
        List<Future<Count>> counts = new ArrayList<>();
        try (AutoCloseable _ = place.resources();
                ExecutorService workers = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                int number = first + i;
                counts.add(workers.submit(() -> {
                    Count[] counted = new Count[1];
                    try {
                        place.session().run(number, step -> {
                            repeat(step, warmMillis);
                            allWarm.countDown();
                            counted[0] = counted(step, go, millis);
                        });
                    } finally {
                        allWarm.countDown(); // a worker that failed is told of at its count
                    }
                    return counted[0];
                }));
            }
            allWarm.await();
            context.send(WARM);
            context.await(GO);
            go.countDown();
            for (Future<Count> count : counts) {
                context.send(count.get().encode());
            }
        }
    }

    private static Count counted(Runnable step, CountDownLatch go, long millis) {
        try {
            go.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("a benchmark was interrupted", e);
        }
        if (!(step instanceof Turns.Turn turn)) {
            long start = System.nanoTime();
            long operations = repeat(step, millis);
            return new Count(operations, 0, System.nanoTime() - start, new Waits());
        }
        turn.begin();
        long start = System.nanoTime();
        long operations = repeat(turn, millis);
        return new Count(operations, turn.handed(), System.nanoTime() - start, turn.waits());
    }

    private static long repeat(Runnable step, long millis) {
        long end = System.nanoTime() + millis * 1_000_000;
        long done = 0;
        while (System.nanoTime() < end) {
            step.run();
            done++;
        }
        return done;
    }
}
