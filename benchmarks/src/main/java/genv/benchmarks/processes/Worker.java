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
 * A process with some workers.
 *
 * <p>Arguments: workload, directory, number of the first worker, threads, milliseconds to warm up, milliseconds to
 * measure. Says {@code warm} when it is, begins at {@code go}, and answers what was counted.
 */
final class Worker implements ChildTask {
    private final CountDownLatch go = new CountDownLatch(1);

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
        List<String> arguments = context.arguments();
        Workload workload = Workload.valueOf(arguments.get(0));
        int first = Integer.parseInt(arguments.get(2));
        int threads = Integer.parseInt(arguments.get(3));
        long warmMillis = Long.parseLong(arguments.get(4));
        long millis = Long.parseLong(arguments.get(5));
        CountDownLatch allWarm = new CountDownLatch(threads);
        Workload.Place place = workload.open(Path.of(arguments.get(1)));
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
                            counted[0] = counted(step, millis);
                        });
                    } finally {
                        allWarm.countDown(); // a worker that failed is told of at its count
                    }
                    return counted[0];
                }));
            }
            allWarm.await();
            context.send("warm");
            context.await("go");
            go.countDown();
            for (Future<Count> count : counts) {
                context.send(count.get().encode());
            }
        }
    }

    private Count counted(Runnable step, long millis) {
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
