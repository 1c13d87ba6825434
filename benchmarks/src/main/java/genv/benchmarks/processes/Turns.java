// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Counts how often a lock goes from one worker to another, and makes sure that one has it at a time. */
final class Turns implements AutoCloseable {
    private static final int LAST = 0;
    private static final int INSIDE = 1;

    private final Board board;
    private final long holdNanos;

    /** {@code holdNanos}: how long each has the lock, at least. */
    Turns(Path directory, long holdNanos) {
        board = new Board(directory.resolve("turns"));
        this.holdNanos = holdNanos;
    }

    <L> Turn of(int worker, Supplier<L> lock, Consumer<L> unlock) {
        return new Turn(worker + 1, () -> {
            L held = lock.get();
            return () -> unlock.accept(held);
        });
    }

    @Override
    public void close() {
        board.close();
    }

    /** Locking and unlocking once. Used by one thread. */
    final class Turn implements Runnable {
        private final long self;
        private final Supplier<Runnable> lock;
        private Waits waits = new Waits();
        private long handed;

        private Turn(long self, Supplier<Runnable> lock) {
            this.self = self;
            this.lock = lock;
        }

        @Override
        public void run() {
            long asked = System.nanoTime();
            Runnable unlock = lock.get();
            waits.add(System.nanoTime() - asked);
            if (board.getAndSet(INSIDE, self) != 0) {
                throw new IllegalStateException("two workers have the lock at the same time");
            }
            if (board.getVolatile(LAST) != self) {
                board.setVolatile(LAST, self);
                handed++;
            }
            hold();
            board.setVolatile(INSIDE, 0);
            unlock.run();
        }

        private void hold() {
            if (holdNanos > 0) {
                long begin = System.nanoTime();
                while (System.nanoTime() - begin < holdNanos) {
                    Thread.onSpinWait();
                }
            }
        }

        /** Forgets what was counted while the JVM warmed up. */
        void begin() {
            waits = new Waits();
            handed = 0;
        }

        Waits waits() {
            return waits;
        }

        long handed() {
            return handed;
        }
    }
}
