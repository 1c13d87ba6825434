// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import genv.core.os.Futex;
import genv.core.state.CrashPoint;
import genv.core.state.StateMemory;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Where the threads of this process sleep that wait for a change of the state.
 *
 * <p>One platform thread listens at this process's doorbell, a futex word in the state file, while anybody is here; the
 * waiting threads themselves are parked, so a virtual thread gives its carrier back. No ring is missed: a thread enters
 * before it looks at the state, and the listener remembers the doorbell's value from before that.
 *
 * <p>Every {@link #INTERVAL_NANOS} the listener also looks after what nobody rings for: processes that died, and a ring that
 * was lost because the process that owed it died in between.
 */
public final class WaitRoom implements AutoCloseable {
    private static final long INTERVAL_NANOS = 40_000_000;
    private static final int LOOKS_TO_CALL = 5;
    private static final long LINGER_NANOS = 1_000_000_000;
    /** How often the doorbell is looked at where there is no futex. */
    private static final long POLL_NANOS = 1_000_000;

    private final StateMemory memory;
    private final long token;
    private final Runnable lookAfter;
    private final Set<Waiting> present = ConcurrentHashMap.newKeySet();
    private @Nullable Thread listener;
    private int heard;
    private int looks;
    private volatile boolean closed;

    /** {@code lookAfter}: removes what the dead left; called at intervals while somebody waits. */
    public WaitRoom(StateMemory memory, long token, Runnable lookAfter) {
        this.memory = memory;
        this.token = token;
        this.lookAfter = lookAfter;
    }

    /** A thread that waits. */
    public final class Waiting implements AutoCloseable {
        private final Thread thread = Thread.currentThread();
        private final boolean interruptible;
        private volatile boolean called;
        private boolean interrupted;

        private Waiting(boolean interruptible) {
            this.interruptible = interruptible;
        }

        /** To be called before the state is looked at: a change after this is noticed by {@link #await}. */
        public void reset() {
            called = false;
        }

        /** Sleeps until the state may have changed, or the time is over. */
        public void await(long nanos) throws InterruptedException {
            CrashPoint.QUEUED.reach();
            long start = System.nanoTime();
            long left = nanos;
            while (!called && left > 0 && !closed) {
                if (left == Long.MAX_VALUE) {
                    LockSupport.park(this);
                } else {
                    LockSupport.parkNanos(this, left);
                    left = nanos - (System.nanoTime() - start);
                }
                if (Thread.interrupted()) {
                    if (interruptible) {
                        throw new InterruptedException("interrupted while waiting for devices");
                    }
                    interrupted = true;
                }
            }
        }

        private void call() {
            called = true;
            LockSupport.unpark(thread);
        }

        @Override
        public void close() {
            present.remove(this);
            if (interrupted) {
                thread.interrupt();
            }
        }
    }

    /** Makes the calling thread one that is woken. */
    public Waiting enter(WaitLimit limit) {
        Waiting waiting = new Waiting(limit.interruptible());
        synchronized (this) {
            present.add(waiting);
            if (listener == null && !closed) {
                heard = memory.doorbellAcquire(token);
                startListener(waiting);
            } else {
                LockSupport.unpark(listener); // it may be lingering
            }
        }
        return waiting;
    }

    private synchronized void startListener(Waiting first) {
        Thread thread = new Thread(this::listen, "genv-doorbell");
        thread.setDaemon(true);
        boolean started = false;
        try {
            thread.start();
            listener = thread;
            started = true;
        } finally {
            if (!started) {
                present.remove(first); // out of threads: the next one who waits tries again
            }
        }
    }

    /** Whether the room was closed while threads were waiting. */
    public boolean isClosed() {
        return closed;
    }

    /** Wakes the process of a token. */
    public void wake(long sleeper) {
        if (sleeper == token) {
            callAll();
            return;
        }
        memory.ring(sleeper);
        CrashPoint.RINGING.reach();
        if (Futex.isSupported()) {
            Futex.wakeAll(memory.doorbell(sleeper));
        }
    }

    private void callAll() {
        for (Waiting waiting : present) {
            waiting.call();
        }
    }

    private void listen() {
        try {
            listenWhileNeeded();
        } finally {
            synchronized (this) {
                if (Thread.currentThread().equals(listener)) {
                    listener = null; // by an error: who waits next starts another one
                }
            }
            callAll();
        }
    }

    private void listenWhileNeeded() {
        MemorySegment bell = memory.doorbell(token);
        long root = memory.rootAcquire();
        long looked = System.nanoTime();
        while (stays()) {
            if (Futex.isSupported()) {
                Futex.await(bell, heard, INTERVAL_NANOS);
            } else {
                LockSupport.parkNanos(POLL_NANOS);
            }
            int now = memory.doorbellAcquire(token);
            if (now != heard) {
                heard = now;
                callAll();
            }
            if (System.nanoTime() - looked >= INTERVAL_NANOS) {
                root = lookAround(root);
                looked = System.nanoTime();
            }
        }
    }

    /**
     * Looks after the dead. Everybody is called if the state has changed without a ring, and now and then in any case, since
     * whether a request in front is overdue changes with time alone.
     */
    private long lookAround(long before) {
        try {
            lookAfter.run();
        } catch (RuntimeException failure) {
            callAll(); // the waiting threads meet the same failure and report it
        }
        long root = memory.rootAcquire();
        if (root != before || ++looks % LOOKS_TO_CALL == 0) {
            callAll();
        }
        return root;
    }

    /** Whether the listener goes on; it ends when nobody has been here for a while. */
    private boolean stays() {
        if (closed) {
            return false;
        }
        if (!present.isEmpty()) {
            return true;
        }
        LockSupport.parkNanos(this, LINGER_NANOS);
        synchronized (this) {
            if (present.isEmpty()) {
                listener = null;
                return false;
            }
            return !closed;
        }
    }

    /** Wakes everybody for the last time and waits for the listener to leave the mapped memory. */
    @Override
    public void close() {
        Thread thread;
        synchronized (this) {
            closed = true;
            thread = listener;
        }
        callAll();
        boolean interrupted = false;
        while (thread != null && thread.isAlive()) {
            LockSupport.unpark(thread);
            memory.ring(token);
            if (Futex.isSupported()) {
                Futex.wakeAll(memory.doorbell(token));
            }
            try {
                thread.join(10);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
