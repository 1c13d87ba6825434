// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.draft.Note;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells notes on a thread of its own, for the thread that all who wait rely on: what a log does with them can take any time. Where
 * it takes too long, later ones are not told.
 */
final class LateNotes implements Consumer<List<Note>>, AutoCloseable {
    private static final int MOST = 1000;

    private final Consumer<List<Note>> report;
    private @Nullable ThreadPoolExecutor teller;

    LateNotes(Consumer<List<Note>> report) {
        this.report = report;
    }

    @Override
    public synchronized void accept(List<Note> notes) {
        ThreadPoolExecutor executor = teller;
        if (executor == null) {
            executor = new ThreadPoolExecutor(
                    0,
                    1,
                    1,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(MOST),
                    task -> {
                        Thread thread = new Thread(task, "genv-notes");
                        thread.setDaemon(true);
                        return thread;
                    },
                    new ThreadPoolExecutor.DiscardPolicy());
            teller = executor;
        }
        executor.execute(() -> report.accept(notes));
    }

    /** Tells what is left, and nothing more. */
    @Override
    public synchronized void close() {
        if (teller != null) {
            teller.shutdown();
        }
    }
}
