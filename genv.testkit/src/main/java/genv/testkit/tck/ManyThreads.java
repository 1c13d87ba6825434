// SPDX-License-Identifier: Apache-2.0
package genv.testkit.tck;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/** Runs the same piece of a test in several threads, platform and virtual ones, that begin together. */
final class ManyThreads {
    private static final long LIMIT_SECONDS = 60;

    private ManyThreads() {}

    /** {@return for each thread something that throws where the thread threw, or did not end in a minute} */
    static List<Executable> run(int threads, Runnable piece) {
        CyclicBarrier together = new CyclicBarrier(threads);
        CountDownLatch running = new CountDownLatch(threads);
        AtomicReferenceArray<@Nullable Throwable> failures = new AtomicReferenceArray<>(threads);
        List<Thread> started = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int number = i;
            Thread.Builder builder = i % 2 == 0 ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
            started.add(builder.name("tck-" + i).start(() -> {
                try {
                    together.await();
                    piece.run();
                } catch (Throwable e) {
                    failures.set(number, e);
                } finally {
                    running.countDown();
                }
            }));
        }
        await(running, started);
        List<Executable> ends = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Throwable failure = failures.get(i);
            ends.add(() -> {
                if (failure != null) {
                    throw failure;
                }
            });
        }
        return ends;
    }

    private static void await(CountDownLatch running, List<Thread> started) {
        boolean ended = false;
        try {
            ended = running.await(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!ended) {
            AssertionError hung = new AssertionError("threads do not end: running=" + running.getCount() + ", limit="
                    + LIMIT_SECONDS + "s, suppressed is where each of them is");
            for (Thread thread : started) {
                if (thread.isAlive()) {
                    Exception where = new Exception(thread.getName());
                    where.setStackTrace(thread.getStackTrace());
                    hung.addSuppressed(where);
                    thread.interrupt();
                }
            }
            throw hung;
        }
    }
}
