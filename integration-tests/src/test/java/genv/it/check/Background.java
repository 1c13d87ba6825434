// SPDX-License-Identifier: Apache-2.0
package genv.it.check;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** An operation in a thread of its own, because it waits. */
public final class Background<T> {
    private static final long LIMIT_SECONDS = 60;

    private final FutureTask<T> task;
    private final Thread thread;

    private Background(FutureTask<T> task) {
        this.task = task;
        this.thread = Thread.ofVirtual().start(task);
    }

    /** Starts it. */
    public static <T> Background<T> start(Callable<T> operation) {
        return new Background<>(new FutureTask<>(operation));
    }

    /** Waits for its result; throws what it threw. */
    public T result() throws Exception {
        try {
            return task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception failure) {
                throw failure;
            }
            throw e;
        } catch (TimeoutException e) {
            AssertionError hang = new AssertionError("operation does not end: limit=" + LIMIT_SECONDS + "s", e);
            hang.setStackTrace(thread.getStackTrace());
            throw hang;
        }
    }

    /** Waits until its thread sleeps. */
    public void awaitWaiting() throws InterruptedException {
        while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
            if (isDone()) {
                throw new AssertionError("it has ended and does not wait");
            }
            Thread.sleep(1);
        }
    }

    /** Whether it has ended. */
    public boolean isDone() {
        return task.isDone();
    }

    /** Interrupts its thread. */
    public void interrupt() {
        thread.interrupt();
    }
}
