// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import genv.core.os.SteadyPause;
import genv.core.state.StateMemory;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Where the threads of this process sleep that wait for a change of the state.
 *
 * <p>One thread <em>leads</em>: it sleeps at this process's doorbell and calls those who may be served when it rings. A
 * platform thread that is alone here leads itself, and so is woken by whoever frees something without a detour. Otherwise a
 * thread of the room leads and the waiting threads are parked, so that a virtual thread gives its carrier back.
 *
 * <p>No ring is missed. A thread enters before it looks at the state; whoever leads compares with the number of rings that the
 * last one who led has seen; and who stops leading has somebody else lead as long as anybody is here.
 *
 * <p>Every {@linkplain #INTERVAL_NANOS 40 ms} the one who leads also looks after what nobody rings for: processes that died, and a ring
 * that was lost because the process that owed it died in between.
 */
public final class WaitRoom {
    private static final long INTERVAL_NANOS = 40_000_000;
    private static final int LOOKS_TO_CALL = 5;
    private static final long LINGER_NANOS = 1_000_000_000;

    private final StateMemory memory;
    private final long token;
    private final Doorbell bell;
    private final Visits visits;
    private final long intervalNanos;
    private final ConcurrentHashMap<Long, Waiting> present = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable Object> leader = new AtomicReference<>();
    private @Nullable Thread listener;
    private volatile boolean closed;

    // of whoever leads, and handed on with it
    private int heard;
    private int looks;
    private long looked;
    private long root;

    /** What is asked of the state on behalf of those who wait. */
    public interface Visits {
        /** Removes what the dead left. */
        void lookAfter();

        /** The tickets of this process that may be served, since nobody else comes before. */
        long[] first();
    }

    public WaitRoom(StateMemory memory, long token, Visits visits) {
        this(memory, token, visits, INTERVAL_NANOS);
    }

    /** {@code intervalNanos}: how often the one who leads looks after what nobody rings for. */
    WaitRoom(StateMemory memory, long token, Visits visits, long intervalNanos) {
        this.memory = memory;
        this.token = token;
        this.bell = new Doorbell(memory, token);
        this.visits = visits;
        this.intervalNanos = intervalNanos;
        this.heard = bell.rings();
    }

    /**
     * Makes the calling thread one that is woken, on behalf of the request of that ticket. Whoever enters must ask afterwards whether
     * the room {@linkplain #isClosed is closed} before it looks at the state, and leave then: closing waits for those it has seen.
     */
    public Waiting enter(long ticket, WaitLimit limit) {
        Waiting waiting = new Waiting(this, ticket, limit.interruptible());
        present.put(ticket, waiting);
        return waiting;
    }

    void leave(long ticket) {
        present.remove(ticket);
    }

    /** The root word; none where the memory is gone since somebody who waits was too long in {@linkplain #close closing}. */
    long rootAcquire() {
        try {
            return memory.rootAcquire();
        } catch (IllegalStateException unmapped) {
            if (closed) {
                return 0;
            }
            throw unmapped;
        }
    }

    /** Whether the room was closed while threads were waiting. */
    public boolean isClosed() {
        return closed;
    }

    /** Wakes the process of a token, since its request of that ticket may be served. */
    public void wake(long sleeper, long ticket) {
        if (sleeper != token) {
            bell.ring(sleeper);
            return;
        }
        Waiting waiting = present.get(ticket);
        if (waiting != null) {
            call(waiting);
        }
    }

    private void call(Waiting waiting) {
        waiting.call();
        if (leader.get() == waiting && !waiting.isCurrent()) {
            bell.ringHere(); // it sleeps there
        }
    }

    private void callAll() {
        present.values().forEach(this::call);
    }

    /** Calls those who may be served. */
    private void callFirst() {
        if (present.size() == 1) {
            callAll();
            return;
        }
        try {
            for (long ticket : visits.first()) {
                Waiting waiting = present.get(ticket);
                if (waiting != null) {
                    call(waiting);
                }
            }
        } catch (RuntimeException failure) {
            callAll(); // they meet the same failure and report it
        }
    }

    /** Whether all who wait here rely on the calling thread. */
    public boolean isLedByCaller() {
        Object now = leader.get();
        return now instanceof Waiting waiting
                ? waiting.isCurrent()
                : Thread.currentThread().equals(now);
    }

    // ---- sleeping --------------------------------------------------------------------------------------------------

    /** Sleeps for at most so long, or until it is called; it may end earlier, for no reason. */
    void sleep(Waiting waiting, long nanos) {
        if (isAlone(waiting) && leader.compareAndSet(null, waiting)) {
            try {
                beginToLead();
                if (!waiting.isCalled()) {
                    new InterruptibleSleep(this::endSleep).during(() -> listen(nanos));
                }
            } finally {
                stopLeading(1);
            }
            return;
        }
        if (leader.get() == null) {
            summonListener();
        }
        waiting.park(nanos);
    }

    private boolean isAlone(Waiting waiting) {
        return present.size() == 1 && !waiting.isVirtual();
    }

    private void endSleep() {
        try {
            bell.ringHere();
        } catch (IllegalStateException failure) {
            if (!closed) { // otherwise nobody sleeps any more
                throw failure;
            }
        }
    }

    // ---- leading ---------------------------------------------------------------------------------------------------

    private void beginToLead() {
        if (System.nanoTime() - looked > 2 * intervalNanos) { // nobody has waited for a while
            looked = System.nanoTime();
            root = rootAcquire();
        }
    }

    /** {@code others}: how many may be here without somebody leading, since they see to it themselves. */
    private void stopLeading(int others) {
        leader.set(null);
        if (present.size() > others) {
            summonListener();
        }
    }

    /** Sleeps once at the doorbell, until it rings or the next look is due. */
    private void listen(long nanos) {
        long due = intervalNanos - (System.nanoTime() - looked);
        if (due > 0) {
            bell.await(heard, Math.min(nanos, due));
        }
        int rings = bell.rings();
        if (rings != heard) {
            heard = rings;
            callFirst();
        }
        if (System.nanoTime() - looked >= intervalNanos) {
            lookAround();
            looked = System.nanoTime();
        }
    }

    /**
     * Looks after the dead. Everybody is called if the state has changed without a ring, and now and then in any case, since
     * whether a request in front is overdue changes with time alone.
     */
    private void lookAround() {
        try {
            visits.lookAfter();
        } catch (RuntimeException failure) {
            callAll(); // the waiting threads meet the same failure and report it
        }
        long now = rootAcquire();
        if (now != root || ++looks % LOOKS_TO_CALL == 0) {
            callAll();
        }
        root = now;
    }

    // ---- the thread of the room ------------------------------------------------------------------------------------

    private synchronized void summonListener() {
        if (closed) {
            return;
        }
        if (listener == null) {
            Thread thread = new Thread(this::listenForAll, "genv-doorbell");
            thread.setDaemon(true);
            thread.start(); // where there are no more threads, the request ends with that error
            listener = thread;
        } else {
            LockSupport.unpark(listener);
        }
    }

    private void listenForAll() {
        try {
            do {
                if (!isNeeded()) {
                    stirAll(); // whoever called this thread may have left, and the one that is parked be alone
                } else if (leader.compareAndSet(null, Thread.currentThread())) {
                    lead();
                }
            } while (lingers());
        } finally {
            synchronized (this) {
                if (Thread.currentThread().equals(listener)) {
                    listener = null; // by an error: whoever waits next starts another one
                }
            }
            present.values().forEach(Waiting::call); // who sleeps at the doorbell leads itself, and needs no ring
        }
    }

    private void lead() {
        try {
            beginToLead();
            while (isNeeded()) {
                listen(Long.MAX_VALUE);
            }
        } finally {
            leader.set(null);
            stirAll();
        }
    }

    /** Has those who are parked look how they sleep best: one that is alone by now leads itself. */
    private void stirAll() {
        present.values().forEach(Waiting::stir);
    }

    private boolean isNeeded() {
        return !closed && (present.size() > 1 || present.values().stream().anyMatch(Waiting::isVirtual));
    }

    /** Waits whether it is needed again; false if it was not for a while. */
    private boolean lingers() {
        long start = System.nanoTime();
        LockSupport.parkNanos(this, LINGER_NANOS);
        if (System.nanoTime() - start < LINGER_NANOS) {
            return !closed;
        }
        synchronized (this) {
            if (isNeeded() && leader.get() == null) {
                return true;
            }
            listener = null;
            return false;
        }
    }

    /**
     * Wakes everybody for the last time and waits until they have left and nobody uses the mapped memory.
     *
     * @param deadline until when those are waited for who are to leave, by {@link System#nanoTime()}: they may be asking a policy, or
     *     telling a log
     */
    public void close(long deadline) {
        closed = true;
        Thread thread;
        synchronized (this) {
            thread = listener;
        }
        callAll();
        try (SteadyPause pause = new SteadyPause()) {
            while (leader.get() != null || (thread != null && thread.isAlive())) {
                LockSupport.unpark(thread);
                bell.ringHere();
                Thread.onSpinWait();
                pause.during(1_000_000);
            }
            while (isAnybodyElseHere() && System.nanoTime() - deadline < 0) {
                pause.during(20_000);
            }
        }
    }

    /** Whether a thread is here that the caller can wait for. */
    private boolean isAnybodyElseHere() {
        return present.values().stream().anyMatch(waiting -> !waiting.isCurrent());
    }
}
