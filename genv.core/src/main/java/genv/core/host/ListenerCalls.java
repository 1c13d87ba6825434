// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Calls lease listeners one at a time, in the order in which they are to be told.
 *
 * <p>On a daemon thread of its own, which lives as long as somebody is to be told: so a listener that takes long keeps other
 * listeners waiting, and nothing else. Thread-safe.
 */
final class ListenerCalls {
    private final Queue<Runnable> calls = new ArrayDeque<>();
    private @Nullable Thread thread;
    private boolean closed;

    /** Has a call made after those before it. It must throw nothing. */
    synchronized void add(Runnable call) {
        if (!closed) {
            calls.add(call);
            ensureThread();
        }
    }

    /** Starts the thread that is missing, if calls are left since it could not be started, or has died of an error. */
    synchronized void ensureThread() {
        if (calls.isEmpty() || (thread != null && thread.isAlive())) {
            return;
        }
        Thread started = new Thread(this::run, "genv-lease-listeners");
        started.setDaemon(true);
        try {
            started.start();
            thread = started;
        } catch (OutOfMemoryError noThread) { // whoever comes next tries again
            LeaseWatch.log(System.Logger.Level.WARNING, "there is no thread to call lease listeners", noThread);
        }
    }

    private void run() {
        for (Runnable call = next(); call != null; call = next()) {
            call.run();
            Thread.interrupted(); // what a listener leaves is not meant for the next one
        }
    }

    private synchronized @Nullable Runnable next() {
        Runnable call = calls.poll();
        if (call == null) {
            thread = null;
        }
        return call;
    }

    /** Forgets the calls that have not begun. */
    synchronized void close() {
        closed = true;
        calls.clear();
    }
}
