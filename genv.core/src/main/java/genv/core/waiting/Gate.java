// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import genv.core.model.QueuedRequest;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the shared queue short: of the threads of this process that wait for the same thing, only the first few stand in it,
 * the others wait in front of the gate, in order of their tickets.
 *
 * <p>Nobody overtakes those in front, since somebody of their lane with an earlier ticket always stands in the queue:
 *
 * <ul>
 *   <li>Tickets are drawn under the lock of the gate. So whoever is past it has an earlier ticket than all in front.
 *   <li>Whoever leaves the queue puts the {@linkplain Pass#next() next one}'s request into it <em>in the same
 *       transition</em>, and then hands its place {@linkplain Pass#handTo over}. There is nobody in front unless all places are
 *       taken, so there is always somebody who will do so.
 * </ul>
 *
 * <p>Nothing is locked during the transition, so others may have been there before the place is handed over:
 *
 * <table>
 *   <caption>The next one, when the place is handed over</caption>
 *   <tr><th>it</th><th>since</th><th>its row</th><th>who leaves</th></tr>
 *   <tr><td>is in front</td><td></td><td>is in the queue</td><td>lets it through</td></tr>
 *   <tr><td>is past the gate</td><td>two have left at the same time with the same next one</td><td>was in the queue from
 *       the first of the two transitions on, and is its own affair</td><td>puts in the one who is next now, in another
 *       transition</td></tr>
 *   <tr><td>is gone</td><td>its time was over, or it was interrupted: in front of the gate that is no transition</td><td>may be
 *       in the queue, and nobody's</td><td>takes it out, and puts in the one who is next now, in another transition</td></tr>
 *   <tr><td>does not exist</td><td></td><td></td><td>gives the place back, or does as above if somebody has come</td></tr>
 * </table>
 *
 * <p>Whoever is past the gate says that it {@linkplain Pass#leave() leaves} before it takes its row out. So a row that is
 * written after it was taken out is found to be that of one who is gone by who wrote it. Should a transition fail, the next
 * one is let through without a row, and meets the same failure.
 */
public final class Gate<K> {
    /** How many may be past the gate for one key: several, since shares are granted to several at a time. */
    private static final int WIDTH = 16;

    private final Map<K, Lane> lanes = new HashMap<>(); // guarded by this, as is what it refers to

    private final class Lane {
        int free = WIDTH;
        final LinkedHashSet<Pass> inFront = new LinkedHashSet<>();
    }

    private enum Stage {
        IN_FRONT,
        PAST,
        GONE
    }

    /** A request of one thread on its way through the gate. */
    public final class Pass implements AutoCloseable {
        private final K key;
        private final Lane lane;
        private final QueuedRequest request;
        private final Semaphore call = new Semaphore(0);
        private Stage stage = Stage.IN_FRONT;
        private boolean hasPlace;

        private Pass(K key, Lane lane, QueuedRequest request) {
            this.key = key;
            this.lane = lane;
            this.request = request;
        }

        /** The request, at its place in the queue. */
        public QueuedRequest request() {
            return request;
        }

        /** Waits for a place past the gate; false if the time was over before. */
        public boolean await(WaitLimit limit, WaitLimit.Deadline deadline) throws InterruptedException {
            if (limit.interruptible()) {
                return call.tryAcquire(Math.max(deadline.remaining(), 0), TimeUnit.NANOSECONDS);
            }
            call.acquireUninterruptibly(); // only a wait without limit is not interruptible
            return true;
        }

        /** Says that the request is not to be in the queue any more; false if it has not been past the gate. */
        public boolean leave() {
            synchronized (Gate.this) {
                boolean wasPast = stage == Stage.PAST;
                lane.inFront.remove(this);
                stage = Stage.GONE;
                return wasPast;
            }
        }

        /** Whether it has left. */
        public boolean isGone() {
            synchronized (Gate.this) {
                return stage == Stage.GONE;
            }
        }

        /** Who is to stand in the queue when this one does not any more, or null. To be asked within the transition. */
        public @Nullable Pass next() {
            synchronized (Gate.this) {
                return lane.inFront.isEmpty() ? null : lane.inFront.getFirst();
            }
        }

        /** Gives its place to the next one, or back if that is null; false if somebody else is next by now. */
        public boolean handTo(@Nullable Pass next) {
            synchronized (Gate.this) {
                if (next == null ? !lane.inFront.isEmpty() : next.stage != Stage.IN_FRONT) {
                    return false;
                }
                hasPlace = false;
                if (next != null) {
                    lane.inFront.remove(next);
                    next.admit();
                } else if (++lane.free == WIDTH) {
                    lanes.remove(key);
                }
                return true;
            }
        }

        private void admit() {
            stage = Stage.PAST;
            hasPlace = true;
            call.release();
        }

        /** Gives the place to whoever is next, if that has not been done. */
        @Override
        public void close() {
            synchronized (Gate.this) {
                if (hasPlace) {
                    handTo(next());
                }
            }
        }
    }

    /** Comes to the gate, with a request that is made under its lock and so draws its ticket there. */
    public synchronized Pass enter(K key, Supplier<QueuedRequest> request) {
        QueuedRequest drawn = request.get();
        Lane lane = lanes.computeIfAbsent(key, _ -> new Lane());
        Pass pass = new Pass(key, lane, drawn);
        if (lane.free > 0) {
            lane.free--;
            pass.admit();
        } else {
            lane.inFront.add(pass);
        }
        return pass;
    }
}
