// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the shared queue short: of the threads of this process that wait for the same thing, only the first few stand in it,
 * the others wait in front of the gate, in order.
 *
 * <p>Each draws its ticket before it comes to the gate and keeps that place when it goes through. A later ticket of another
 * process could be served before one that stands in front of the gate only if everybody past the gate were served before the
 * next one goes through it.
 */
public final class Gate<K> {
    /** How many may be past the gate for one key: several, since shares are granted to several at a time. */
    private static final int WIDTH = 16;

    private final ConcurrentHashMap<K, Lane> lanes = new ConcurrentHashMap<>();

    private static final class Lane {
        final Semaphore places = new Semaphore(WIDTH, true);
        int users;
    }

    /** A place past the gate. */
    public final class Pass implements AutoCloseable {
        private final K key;
        private final Lane lane;
        private final boolean granted;

        private Pass(K key, Lane lane, boolean granted) {
            this.key = key;
            this.lane = lane;
            this.granted = granted;
        }

        /** False if the time was over before there was a place. */
        public boolean isGranted() {
            return granted;
        }

        @Override
        public void close() {
            if (granted) {
                lane.places.release();
            }
            leave(key);
        }
    }

    /** Waits for a place. */
    public Pass enter(K key, WaitLimit limit, WaitLimit.Deadline deadline) throws InterruptedException {
        Lane lane = lanes.compute(key, (k, known) -> {
            Lane l = known == null ? new Lane() : known;
            l.users++;
            return l;
        });
        boolean granted = false;
        boolean entered = false;
        try {
            granted = acquire(lane.places, limit, deadline);
            entered = true;
            return new Pass(key, lane, granted);
        } finally {
            if (!entered) {
                leave(key);
            }
        }
    }

    private static boolean acquire(Semaphore places, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException {
        if (limit.interruptible()) {
            return places.tryAcquire(Math.max(deadline.remaining(), 0), TimeUnit.NANOSECONDS);
        }
        places.acquireUninterruptibly(); // only a wait without limit is not interruptible
        return true;
    }

    private void leave(K key) {
        lanes.computeIfPresent(key, (k, lane) -> --lane.users == 0 ? null : lane);
    }
}
