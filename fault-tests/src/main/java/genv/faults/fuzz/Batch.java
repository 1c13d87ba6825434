// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A child that makes a batch of trials, so that a crash of the JVM or an endless loop is that of the child. It writes the
 * number of each trial into a mapped file before it begins, which remains whatever happens to it.
 *
 * <p>Arguments: directory of the batch, {@code random} or {@code systematic}, seed, first, end, size of the sample.
 */
final class Batch implements ChildTask {
    static final String RANDOM = "random";
    static final String SYSTEMATIC = "systematic";

    /** What a child says of its progress: number of the trial, and how many were begun. */
    static MemorySegment progress(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory.resolve("progress"), CREATE, READ, WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, 16, Arena.ofAuto());
        }
    }

    @Override
    public void run(ChildContext context) throws Exception {
        List<String> given = context.arguments();
        Path directory = Path.of(given.get(0));
        MemorySegment progress = progress(directory);
        try (Bench bench = Bench.in(directory.resolve("state"))) {
            boolean random = given.get(1).equals(RANDOM);
            SystematicTrials systematic = random ? null : new SystematicTrials(bench);
            Trials trials = systematic != null ? systematic : new RandomTrials(bench, Long.parseLong(given.get(2)));
            int from = Integer.parseInt(given.get(3));
            int end = Integer.parseInt(given.get(4));
            List<Integer> numbers = systematic != null
                    ? systematic.sample(Integer.parseInt(given.get(5)))
                    : IntStream.range(from, end).boxed().toList();
            if (systematic != null) {
                numbers = numbers.subList(Math.min(from, numbers.size()), Math.min(end, numbers.size()));
            }
            long begun = 0;
            for (int number : numbers) {
                progress.set(ValueLayout.JAVA_LONG, 0, number);
                progress.set(ValueLayout.JAVA_LONG, 8, ++begun);
                try {
                    trials.run(number);
                } catch (Throwable failure) {
                    throw new AssertionError(
                            "trial " + number + " (" + trials.describe(number) + "): " + failure, failure);
                }
            }
            context.send("done " + numbers.size() + " " + bench.bareErrors());
        }
    }
}
