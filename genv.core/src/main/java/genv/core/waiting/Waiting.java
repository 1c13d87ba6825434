// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import genv.core.state.CrashPoint;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that waits.
 *
 * <p>It first looks for a moment whether the state changes, if it is the next to be served: what is held for microseconds is
 * then handed over without a wake-up. Then it sleeps.
 */
public final class Waiting implements AutoCloseable {
    /** About what it takes to fall asleep and to be woken. */
    private static final long SPIN_NANOS = Runtime.getRuntime().availableProcessors() > 1 ? 30_000 : 0;

    private static final int LOOKS_BETWEEN_CLOCKS = 32;

    private final WaitRoom room;
    private final Thread thread = Thread.currentThread();
    private final long ticket;
    private final boolean interruptible;
    private volatile boolean called;
    private long root;
    private long spins = SPIN_NANOS;
    private boolean interrupted;

    Waiting(WaitRoom room, long ticket, boolean interruptible) {
        this.room = room;
        this.ticket = ticket;
        this.interruptible = interruptible;
    }

    /** To be called before the state is looked at: a change after this is noticed by {@link #await}. */
    public void reset() {
        called = false;
        root = room.rootAcquire();
    }

    /**
     * Waits until the state may have changed, or the time is over.
     *
     * @param first whether nobody else has to be served before
     */
    public void await(long nanos, boolean first) throws InterruptedException {
        CrashPoint.QUEUED.reach();
        long start = System.nanoTime();
        if (first && spin(start, Math.min(spins, nanos))) {
            return;
        }
        long left = nanos;
        while (!called && left > 0 && !room.isClosed()) {
            room.sleep(this, left);
            if (Thread.interrupted()) {
                if (interruptible) {
                    throw new InterruptedException("interrupted while waiting for devices");
                }
                interrupted = true;
            }
            left = nanos == Long.MAX_VALUE ? nanos : nanos - (System.nanoTime() - start);
        }
        spins = SPIN_NANOS;
    }

    /** Looks on; true if the state has changed. What it takes is counted until the next sleep, however often it changes. */
    private boolean spin(long start, long nanos) {
        long now = start;
        boolean changed = false;
        while (!changed && now - start < nanos && !room.isClosed()) {
            for (int i = 0; i < LOOKS_BETWEEN_CLOCKS && !changed; i++) {
                Thread.onSpinWait();
                changed = called || room.rootAcquire() != root;
            }
            now = System.nanoTime();
        }
        spins -= now - start;
        return changed;
    }

    void park(long nanos) {
        if (called) {
            return;
        }
        if (nanos == Long.MAX_VALUE) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, nanos);
        }
    }

    boolean isVirtual() {
        return thread.isVirtual();
    }

    /** Whether the calling thread is the one that waits. */
    boolean isCurrent() {
        return Thread.currentThread().equals(thread);
    }

    boolean isCalled() {
        return called;
    }

    /** Has it look at the state. */
    void call() {
        called = true;
        LockSupport.unpark(thread);
    }

    /** Has it look how it sleeps best. */
    void stir() {
        LockSupport.unpark(thread);
    }

    @Override
    public void close() {
        room.leave(ticket);
        if (interrupted) {
            thread.interrupt();
        }
    }
}
