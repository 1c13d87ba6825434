// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.benchmarks.Settings;
import genv.benchmarks.peer.Scratch;
import genv.benchmarks.result.Results;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How long a process that sleeps until a lock is free takes to have it: after another process releases it, and after
 * another process that holds it is killed.
 *
 * <p>The clock is the same for all processes of the host, and the time of the release is written where both see it.
 */
public final class WakeUp {
    private static final int ASKING = 0;
    private static final int RELEASED = 1;
    private static final int TURN = 2;

    /** Long enough for the other process to fall asleep after it said that it is about to ask. */
    private static final double ASLEEP_MILLIS = 3;

    /** Uncontended locks, and rounds with a shorter sleep, until the code that is timed is compiled. */
    private static final int WARM_LOCKS = 20_000;

    /** More than the 5,000 calls after which HotSpot compiles a method for good. */
    private static final int WARM_ROUNDS = 6_000;

    private static final double WARM_ASLEEP_MILLIS = 0.2;

    private final Settings settings;
    private final Results results;

    /** Writes to the given results. */
    public WakeUp(Settings settings, Results results) {
        this.settings = settings;
        this.results = results;
    }

    /** The process that sleeps. Arguments: kind, directory, rounds. */
    static final class Waiter implements ChildTask {
        @Override
        public void run(ChildContext context) {
            Path directory = Path.of(context.arguments().get(1));
            int rounds = Integer.parseInt(context.arguments().get(2));
            try (Board board = new Board(directory.resolve("board"))) {
                Sleeper.valueOf(context.arguments().get(0)).with(directory, lockable -> {
                    warm(lockable);
                    context.send("warm");
                    for (int round = 1; round <= rounds; round++) {
                        board.awaitAtLeast(TURN, round);
                        board.setVolatile(ASKING, round);
                        Runnable release = lockable.lock();
                        long waited = System.nanoTime() - board.getVolatile(RELEASED);
                        release.run();
                        context.send(Long.toString(waited));
                    }
                });
            }
        }
    }

    /** The process that is killed while it holds the lock. Arguments: kind, directory. */
    static final class Holder implements ChildTask {
        @Override
        public void run(ChildContext context) {
            Sleeper.valueOf(context.arguments().get(0))
                    .with(Path.of(context.arguments().get(1)), lockable -> {
                        Runnable release = lockable.lock();
                        context.send("held");
                        Pause.millis(600_000);
                        release.run();
                    });
        }
    }

    /** After a release. */
    public void released() {
        for (Sleeper kind : Sleeper.values()) {
            List<Double> waits = new ArrayList<>();
            int rounds = WARM_ROUNDS + settings.wakeRounds();
            try (Scratch scratch = Scratch.create();
                    Board board = new Board(scratch.directory().resolve("board"));
                    ChildJvm child = ChildJvm.of(Waiter.class)
                            .jvmOptions(Settings.childOptions())
                            .arguments(kind.name(), scratch.directory().toString(), Integer.toString(rounds))
                            .start()) {
                kind.with(scratch.directory(), lockable -> {
                    warm(lockable);
                    child.expect("warm");
                    for (int round = 1; round <= rounds; round++) {
                        Runnable release = lockable.lock();
                        board.setVolatile(TURN, round);
                        board.awaitAtLeast(ASKING, round);
                        Pause.millis(round > WARM_ROUNDS ? ASLEEP_MILLIS : WARM_ASLEEP_MILLIS);
                        board.setVolatile(RELEASED, System.nanoTime());
                        release.run();
                        double waited = Double.parseDouble(child.next());
                        if (round > WARM_ROUNDS) {
                            waits.add(waited);
                        }
                    }
                });
                child.awaitExit();
            }
            results.put("wake." + kind.name().toLowerCase(Locale.ROOT), "ns", waits);
        }
    }

    private static void warm(Sleeper.Lockable lockable) {
        for (int i = 0; i < WARM_LOCKS; i++) {
            lockable.lock().run();
        }
    }

    /** After a kill. */
    public void killed() {
        for (Sleeper kind : Sleeper.values()) {
            List<Double> waits = new ArrayList<>();
            try (Scratch scratch = Scratch.create()) {
                kind.with(scratch.directory(), lockable -> {
                    lockable.lock().run();
                    for (int i = 0; i < settings.kills(); i++) {
                        waits.add(afterKill(kind, scratch.directory(), lockable));
                    }
                });
            }
            results.put("kill." + kind.name().toLowerCase(Locale.ROOT), "ns", waits);
        }
    }

    private static double afterKill(Sleeper kind, Path directory, Sleeper.Lockable lockable) {
        try (ChildJvm child = ChildJvm.of(Holder.class)
                .arguments(kind.name(), directory.toString())
                .start()) {
            child.expect("held");
            ProcessHandle handle = ProcessHandle.of(child.pid()).orElseThrow();
            long[] killed = new long[1];
            Thread killer = Thread.ofPlatform().start(() -> {
                Pause.millis(50 + 40 * Math.random()); // some time after the last look of the one who waits
                killed[0] = System.nanoTime();
                handle.destroyForcibly();
            });
            Runnable release = lockable.lock();
            long locked = System.nanoTime();
            killer.join();
            release.run();
            child.awaitExitCode();
            return locked - killed[0];
        } catch (InterruptedException e) {
            throw new IllegalStateException("a benchmark was interrupted", e);
        }
    }
}
