// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.faults.Folders;
import genv.faults.Run;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Has children make batches of trials, two at a time, in interpreted and in compiled code, and watches them. */
final class Batches {
    private static final Duration HANG = Duration.ofSeconds(60);
    /** What touches a page that is gone differs by how the code was made. */
    private static final List<List<String>> JVMS = List.of(
            List.of(), List.of("-Xint"), List.of("-XX:TieredStopAtLevel=4", "-XX:Tier4InvocationThreshold=200"));

    private final Run run;
    private final String kind;
    private final int size;
    private final int parallel;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger bareErrors = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Batches(Run run, String kind, int size, int parallel) {
        this.run = run;
        this.kind = kind;
        this.size = size;
        this.parallel = parallel;
    }

    /** Makes all trials; how many there were, and how often the JVM's own error for a lost page came through. */
    String call(int count) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < parallel; i++) {
            threads.add(Thread.ofPlatform().name("batches-" + i).start(() -> work(count)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Throwable failed = failure.get();
        if (failed != null) {
            throw new AssertionError("seed=" + run.seed() + ": " + failed.getMessage(), failed);
        }
        return "trials=" + done + " bare_internal_errors=" + bareErrors;
    }

    private void work(int count) {
        try {
            while (failure.get() == null) {
                int number = next.getAndIncrement();
                if ((long) number * size >= count) {
                    return;
                }
                batch(number, (int) Math.min((long) (number + 1) * size, count));
                run.progress().update(() -> "trials " + done + "/" + count);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private void batch(int number, int end) throws IOException {
        Path directory = Files.createDirectory(run.directory().resolve(kind + "-" + number));
        MemorySegment progress = Batch.progress(directory);
        List<String> jvm = JVMS.get(number % JVMS.size());
        try (ChildJvm child = ChildJvm.of(Batch.class)
                .name(kind + "-" + number)
                .arguments(directory.toString(), kind, Long.toString(run.seed()))
                .arguments(Integer.toString(number * size), Integer.toString(end), Integer.toString(run.count()))
                .jvmOptions(jvm.toArray(String[]::new))
                .jvmOptions("-XX:ErrorFile=" + directory.resolve("hs_err.log"), "-XX:-CreateCoredumpOnCrash")
                .deadline(HANG)
                .start()) {
            child.pid();
            String message = await(child, progress, directory);
            child.awaitExit();
            String[] words = message.split(" ", -1);
            done.addAndGet(Integer.parseInt(words[1]));
            bareErrors.addAndGet(Integer.parseInt(words[2]));
        }
        Folders.delete(directory);
    }

    /** What the child says at its end; fails if it dies before that, or if a trial does not end. */
    private String await(ChildJvm child, MemorySegment progress, Path directory) throws IOException {
        long begun = -1;
        long since = System.nanoTime();
        while (true) {
            Optional<String> message = child.poll();
            if (message.isPresent()) {
                return message.get();
            }
            if (!child.isAlive()) {
                message = child.poll();
                if (message.isPresent()) {
                    return message.get();
                }
                throw new AssertionError("the JVM of trial " + progress.get(ValueLayout.JAVA_LONG, 0)
                        + " ended: status=" + child.awaitExitCode() + "\n" + crash(directory) + child.errorOutput());
            }
            long now = progress.get(ValueLayout.JAVA_LONG, 8);
            if (now != begun) {
                begun = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > HANG.toNanos()) {
                throw new AssertionError("trial " + progress.get(ValueLayout.JAVA_LONG, 0) + " does not end: limit="
                        + HANG + "\n" + child.threadDump());
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static String crash(Path directory) throws IOException {
        StringBuilder text = new StringBuilder();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "hs_err*")) {
            for (Path file : files) {
                Files.readAllLines(file).stream()
                        .limit(120)
                        .forEach(line -> text.append(line).append('\n'));
            }
        }
        return text.toString();
    }
}
