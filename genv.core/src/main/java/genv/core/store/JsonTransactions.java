// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvException;
import genv.api.StateException;
import genv.api.spi.Device;
import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.file.Flock;
import genv.core.json.JsonDraft;
import genv.core.json.JsonFiles;
import genv.core.json.LateLeaves;
import genv.core.json.PidMembers;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.rules.Caller;
import genv.core.rules.EnvRules;
import genv.core.rules.Lives;
import genv.core.rules.Outcome;
import genv.core.rules.PolicyCall;
import genv.core.rules.Reaping;
import genv.core.waiting.WaitLimit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Operations on Genv's files, one after the other, as long as the host is open.
 *
 * <p>An operation takes its turn among the threads of this process, then Genv's lock; it reads both files, runs its edit, writes
 * what has changed, and gives the lock back. What only reads needs neither where the files are as they were when they were read last.
 */
final class JsonTransactions {
    private final JsonFiles files;
    private final HeldLocks held;
    private final LateLeaves late;
    private final Caller caller;
    private final Lives lives;
    private final Supplier<List<Device>> hostDevices;
    private final NoteReport report;
    private final ReentrantLock turn = new ReentrantLock(true);

    /** Held by whoever uses the files or their directories without the turn, and against them by whoever closes them. */
    private final Lock using;

    private final Lock closing;
    private volatile boolean closed;

    JsonTransactions(
            JsonFiles files,
            HeldLocks held,
            LateLeaves late,
            Caller caller,
            Lives lives,
            Supplier<List<Device>> hostDevices) {
        ReentrantReadWriteLock closable = new ReentrantReadWriteLock();
        this.using = closable.readLock();
        this.closing = closable.writeLock();
        this.files = files;
        this.held = held;
        this.late = late;
        this.caller = caller;
        this.lives = lives;
        this.hostDevices = hostDevices;
        this.report = new NoteReport(files.directory().path());
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    long rootAcquire() {
        using.lock();
        try {
            requireNotClosed();
            return files.rootAcquire();
        } finally {
            using.unlock();
        }
    }

    <T extends @Nullable Object> T read(Edit<T> edit) {
        long arrived = System.nanoTime();
        Optional<JsonDraft> known = unchanged();
        return edit.apply(known.isPresent() ? known.get() : readAgain(arrived));
    }

    private JsonDraft readAgain(long arrived) {
        takeTurn();
        try {
            requireOpen();
            Optional<JsonDraft> readMeanwhile = files.unchanged(held.holders());
            if (readMeanwhile.isPresent()) {
                return readMeanwhile.get();
            }
            try (Flock _ = files.lock(false, arrived)) {
                return files.load(held.holders(), List::of);
            } catch (InterruptedException impossible) {
                throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
            }
        } finally {
            endTurn();
        }
    }

    /** The same within a limit, where it is an interruptible one. */
    <T extends @Nullable Object> T read(Edit<T> edit, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (limit.nanos() == 0 || !limit.interruptible()) {
            return read(edit);
        }
        long arrived = System.nanoTime();
        Optional<JsonDraft> known = unchanged();
        return edit.apply(known.isPresent() ? known.get() : readAgain(arrived, deadline));
    }

    private JsonDraft readAgain(long arrived, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (!turn.tryLock(Math.max(deadline.remaining(), 0), TimeUnit.NANOSECONDS)) {
            throw new TimeoutException();
        }
        try {
            requireOpen();
            Optional<JsonDraft> readMeanwhile = files.unchanged(held.holders());
            if (readMeanwhile.isPresent()) {
                return readMeanwhile.get();
            }
            long rest = Math.max(deadline.remaining(), 0);
            boolean hasTime = rest > JsonFiles.LOCK_LIMIT.toNanos();
            try (Flock _ =
                    hasTime ? files.lock(true, arrived) : files.lock(rest, true).orElseThrow(TimeoutException::new)) {
                return files.load(held.holders(), List::of);
            }
        } finally {
            endTurn();
        }
    }

    /** The state if it is known and has not changed: without its turn, so that it waits for nobody who waits for the files. */
    private Optional<JsonDraft> unchanged() {
        return whileOpen(() -> files.unchanged(held.holders()));
    }

    // ---- changing --------------------------------------------------------------------------------------------------

    /** Changes the state in a step that is not to be interrupted. */
    <T extends @Nullable Object> T change(Edit<T> edit) {
        try {
            return change(edit, false, System.nanoTime());
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
        }
    }

    /** {@code arrived}: when it began, by {@link System#nanoTime()}. */
    <T extends @Nullable Object> T change(Edit<T> edit, boolean interruptible, long arrived)
            throws InterruptedException {
        takeTurn(interruptible);
        try {
            requireOpen();
            try (Flock _ = files.lock(interruptible, arrived)) {
                List<LateLeaves.Late> due = late.all();
                JsonDraft draft = load(due);
                T result;
                try {
                    result = edit.apply(draft);
                } catch (StateException failure) {
                    throw failure;
                } catch (GenvException refused) {
                    draft = load(due);
                    if (Reaping.reap(draft, lives) == 0) {
                        throw refused;
                    }
                    result = edit.apply(draft); // dead processes stood in its way
                }
                if (result instanceof Outcome.Busy) {
                    JsonDraft second = load(due);
                    if (Reaping.reap(second, lives) > 0) {
                        draft = second;
                        result = edit.apply(draft);
                    }
                }
                if (draft.grants()) {
                    requireOnlyJson();
                }
                files.save(draft);
                late.done(due);
                held.giveBack(draft);
                report.accept(draft.notes());
                return result;
            }
        } finally {
            endTurn();
        }
    }

    /** The state without what this process should have left before. */
    private JsonDraft load(List<LateLeaves.Late> due) {
        JsonDraft draft = files.load(held.holders(), hostDevices);
        due.forEach(one -> one.find(draft).ifPresent(block -> leave(draft, EnvRules.Key.of(block), caller.member())));
        return draft;
    }

    /** Takes a member out of an environment; whether that has ended with it. */
    boolean leave(Draft draft, EnvRules.Key env, Member member) {
        EnvBlock block = draft.find(env.hash(), env.id());
        return new EnvRules(caller, lives).leave(draft, env, block == null ? member : PidMembers.in(block, member));
    }

    /** To be asked before anything is given out. */
    void requireOnlyJson() {
        StateKinds.requireOnlyJson(files.directory());
    }

    // ---- turns -----------------------------------------------------------------------------------------------------

    /** Keeps other threads from changing anything until the {@linkplain #endTurn end of the turn}; it may be taken more than once. */
    void takeTurn(boolean interruptible) throws InterruptedException {
        if (!interruptible) {
            turn.lock();
        } else if (!turn.tryLock()) {
            turn.lockInterruptibly();
        }
    }

    void takeTurn() {
        turn.lock();
    }

    void endTurn() {
        turn.unlock();
    }

    /** Does what needs no turn, but the files or their directories. */
    <T> T whileOpen(Supplier<T> action) {
        return whileOpen(this::closedBefore, action);
    }

    /** The same for who says otherwise that the host is closed. */
    <T> T whileOpen(Supplier<IllegalStateException> otherwise, Supplier<T> action) {
        using.lock();
        try {
            PolicyCall.refuse();
            if (closed) {
                throw otherwise.get();
            }
            return action.get();
        } finally {
            using.unlock();
        }
    }

    private void requireOpen() {
        PolicyCall.refuse();
        requireNotClosed();
    }

    private void requireNotClosed() {
        if (closed) {
            throw closedBefore();
        }
    }

    private IllegalStateException closedBefore() {
        return new IllegalStateException(
                "the host is closed: path=" + files.directory().path() + "; open another one");
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * Does the last operations and closes the files, once.
     *
     * @param last may still change the state
     * @param lastly closes what is used together with the files, when nobody uses it any more
     */
    void close(Runnable last, Runnable lastly) {
        takeTurn();
        try {
            if (closed) {
                return;
            }
            try {
                last.run();
            } finally {
                closing.lock();
                try (files) {
                    closed = true;
                    lastly.run();
                } finally {
                    closing.unlock();
                }
            }
        } finally {
            endTurn();
        }
    }
}
