// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.benchmarks.peer.Scratch;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A workload, done by two threads of this process in a directory of its own until the compiler has nothing left to do: as two
 * threads do and, where the workload can be opened twice in one process, as two processes would, so that the code that only runs
 * then is compiled.
 */
final class Rehearsal {
    private static final double LOOK_MILLIS = 150;

    /** Below this of compiling in that time, the compiler is done. */
    private static final long QUIET_MILLIS = 3;

    /** One method may take a second, and counts when it is done. */
    private static final int QUIET_LOOKS = 8;

    /** So long that the other one always comes meanwhile, and waits: then what handing over takes is compiled soon. */
    private static final long HOLD_NANOS = 40_000;

    /** In which something goes from one to the other. */
    private static final Set<Workload> HANDED = EnumSet.of(Workload.GENV_HAND, Workload.FILE_HAND, Workload.FILE_BARGE);

    private volatile boolean isOver;

    /** {@code longestMillis}: of each of its parts. */
    void of(Workload workload, long longestMillis) throws Exception {
        if (HANDED.contains(workload)) {
            rehearse(workload, HOLD_NANOS, longestMillis);
        }
        rehearse(workload, 0, longestMillis);
    }

    private void rehearse(Workload workload, long hold, long longestMillis) throws Exception {
        inOnePlace(workload, hold, longestMillis);
        if (!workload.isForOnePlace()) {
            inTwoPlaces(workload, hold, longestMillis);
        }
    }

    private void inOnePlace(Workload workload, long hold, long longestMillis) throws Exception {
        try (Scratch scratch = Scratch.create()) {
            Workload.Place place = workload.open(scratch.directory(), hold);
            try (AutoCloseable _ = place.resources()) {
                run(place, place, longestMillis);
            }
        }
    }

    private void inTwoPlaces(Workload workload, long hold, long longestMillis) throws Exception {
        try (Scratch scratch = Scratch.create()) {
            Workload.Place one = workload.open(scratch.directory(), hold);
            try (AutoCloseable _ = one.resources()) {
                Workload.Place other = workload.open(scratch.directory(), hold);
                try (AutoCloseable _ = other.resources()) {
                    run(one, other, longestMillis);
                }
            }
        }
    }

    private void run(Workload.Place one, Workload.Place other, long longestMillis) throws Exception {
        isOver = false;
        List<Future<?>> ends = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            ends.add(threads.submit(() -> one.session().run(0, this::repeat)));
            ends.add(threads.submit(() -> other.session().run(1, this::repeat)));
            awaitQuiet(longestMillis);
            isOver = true;
        }
        for (Future<?> end : ends) {
            end.get();
        }
    }

    private void repeat(Runnable step) {
        while (!isOver) {
            step.run();
        }
    }

    private static void awaitQuiet(long longestMillis) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long end = System.nanoTime() + longestMillis * 1_000_000;
        long before = compiler.getTotalCompilationTime();
        int quiet = 0;
        while (quiet < QUIET_LOOKS && System.nanoTime() < end) {
            Pause.millis(LOOK_MILLIS);
            long now = compiler.getTotalCompilationTime();
            quiet = now - before < QUIET_MILLIS ? quiet + 1 : 0;
            before = now;
        }
    }
}
