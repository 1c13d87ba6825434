// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.BackendException;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One initialisation of NVML, kept over the loss of the driver.
 *
 * <p>Questions run beside each other. One that finds the session lost, since the driver was reloaded or its daemon was
 * restarted, initialises NVML anew and is asked once more; when several find it at the same time, one of them does it
 * for all. If that fails the question fails, and the next one tries again.
 *
 * <p>Every successful {@code nvmlInit} is followed by exactly one {@code nvmlShutdown}, which waits for the questions
 * under way. No thread is started.
 */
final class NvmlSession {
    /** A question to NVML, which may be asked twice. */
    interface Question<T> {
        /**
         * Asks it.
         *
         * @param epoch number of the initialisation; handles of an earlier one are not valid
         */
        T ask(NvmlCalls nvml, int epoch);
    }

    private final String library;
    private final NvmlCalls nvml;

    /** Read while asking, write while initialising and shutting down; guards the fields below. */
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    private boolean initialised;
    private boolean closed;
    private int epoch;
    private String failure = "";

    private NvmlSession(String library, NvmlCalls nvml) {
        this.library = library;
        this.nvml = nvml;
    }

    /** Initialises NVML; this may take seconds. */
    static NvmlSession open(String library, NvmlCalls nvml) throws NotUsableException {
        NvmlSession session = new NvmlSession(library, nvml);
        int code = session.initialise();
        if (NvmlCode.isSuccess(code)) {
            return session;
        }
        throw NvmlCode.isNothingHere(code)
                ? NotUsableException.notHere(session.failure)
                : NotUsableException.broken(session.failure);
    }

    String library() {
        return library;
    }

    /**
     * Asks a question, a second time if the session turned out to be lost.
     *
     * @throws BackendException if the session is lost and cannot be opened anew
     */
    <T> T ask(Question<T> question) {
        int lost;
        lock.readLock().lock();
        try {
            lost = epoch;
            if (initialised) {
                return question.ask(nvml, epoch);
            }
        } catch (SessionLostException e) {
            // Opened anew below, since that needs the lock for itself.
            lost = epoch;
        } finally {
            lock.readLock().unlock();
        }
        reopen(lost);
        lock.readLock().lock();
        try {
            if (!initialised) {
                throw new BackendException(closed ? closedReason() : failure);
            }
            return question.ask(nvml, epoch);
        } catch (SessionLostException e) {
            throw new BackendException(
                    "the session with the nvidia driver was lost, and again after nvml was initialised anew: library="
                            + library + ", " + NvmlCode.describe(nvml, e.code)
                            + "; see whether the driver is being updated, and try again",
                    e);
        } finally {
            lock.readLock().unlock();
        }
    }

    private void reopen(int lost) {
        lock.writeLock().lock();
        try {
            if (closed) {
                throw new BackendException(closedReason());
            }
            if (epoch == lost) {
                shutDown();
                var _ = initialise();
            }
            if (!initialised) {
                throw new BackendException(failure);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Shuts NVML down, after the questions under way. */
    void close() {
        lock.writeLock().lock();
        try {
            closed = true;
            shutDown();
        } finally {
            lock.writeLock().unlock();
        }
    }

    private int initialise() {
        epoch++;
        int code = nvml.init();
        initialised = NvmlCode.isSuccess(code);
        failure = initialised ? "" : InitFailure.reason(nvml, library, code);
        return code;
    }

    private void shutDown() {
        if (initialised) {
            initialised = false;
            // Its code does not matter: it is either shut down now, or was lost before.
            var _ = nvml.shutdown();
        }
    }

    private String closedReason() {
        return "the nvml session is closed: library=" + library + "; open the host anew";
    }
}
