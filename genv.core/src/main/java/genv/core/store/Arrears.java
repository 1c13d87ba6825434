// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.StateException;
import java.lang.System.Logger.Level;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What could not be given back, since the disk is full or others use up what a change needs: it is tried again until it is done.
 * Whoever gives something back has nothing left by which it could be tried again, and could do no better.
 */
final class Arrears implements AutoCloseable {
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 2_000;

    private @Nullable ScheduledThreadPoolExecutor later;
    private boolean closed;

    /** Something that is given back. */
    interface GivingBack {
        void run();
    }

    /** Sees to it that something is given back which could not be. */
    void add(String what, GivingBack owed, StateException failure) {
        schedule(what, owed, FIRST_PAUSE_MILLIS);
        log(
                Level.WARNING,
                what + " could not be given back, and is as soon as that is possible: " + failure.getMessage(),
                null);
    }

    private void tryAgain(String what, GivingBack owed, long pause) {
        try {
            owed.run();
            log(Level.INFO, what + " was given back", null);
        } catch (StateException still) {
            schedule(what, owed, Math.min(2 * pause, LONGEST_PAUSE_MILLIS));
        } catch (IllegalStateException closedMeanwhile) {
            // closing gives everything back
        } catch (RuntimeException | Error failure) {
            log(Level.ERROR, what + " cannot be given back before this process ends", failure);
        }
    }

    /** The logger is looked up when it is needed, since the first one costs a program some milliseconds. */
    private static void log(Level level, String message, @Nullable Throwable thrown) {
        try {
            System.getLogger("genv.core.store").log(level, message, thrown);
        } catch (RuntimeException | Error failing) {
            // of a logger that the application brought: the result of a task is not to be lost for it
        }
    }

    private synchronized void schedule(String what, GivingBack owed, long pause) {
        if (closed) {
            return;
        }
        ScheduledThreadPoolExecutor executor = later;
        if (executor == null) {
            executor = new ScheduledThreadPoolExecutor(1, task -> {
                Thread thread = new Thread(task, "genv-arrears");
                thread.setDaemon(true);
                return thread;
            });
            executor.setKeepAliveTime(1, TimeUnit.SECONDS);
            executor.allowCoreThreadTimeOut(true);
            later = executor;
        }
        var _ = executor.schedule(() -> tryAgain(what, owed, pause), pause, TimeUnit.MILLISECONDS);
    }

    /** Gives nothing back any more. */
    @Override
    public synchronized void close() {
        closed = true;
        if (later != null) {
            var _ = later.shutdownNow();
        }
    }
}
