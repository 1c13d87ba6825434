// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceLock;
import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.events.FlightEvents;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.os.BootClock;
import genv.core.rules.EnvRules;
import genv.core.rules.LeaseRules;
import genv.core.rules.Outcome;
import genv.core.rules.PolicyCall;
import genv.core.store.Store;
import genv.core.waiting.WaitLimit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The device lock of one environment in this process.
 *
 * <p>In the state, the process and the environment together are one holder; here its closes are counted. What is held and how
 * often is changed by whoever has the turn, one thread at a time. That thread may wait for other processes, but only where
 * nothing is held; so the turn is had soon by whoever closes a lock, or takes one inside of another.
 */
final class EnvLocks {
    /** How long a step without waiting takes at most as a rule, after which what is waited for is looked at again. */
    private static final long STEP_NANOS = 1_000_000;

    private final Store store;
    private final EnvRules.Key key;
    private final Semaphore turn = new Semaphore(1);
    private volatile @Nullable Holder held;
    private int count;
    /** Whether the thread that has the turn may have to wait for other processes. */
    private volatile boolean waitsForOthers;

    EnvLocks(Store store, EnvRules.Key key) {
        this.store = store;
        this.key = key;
    }

    /** Locks what the environment has; empty if that could not be done within the limit. */
    Optional<DeviceLock> lock(LockMode mode, WaitLimit limit) throws InterruptedException {
        WaitLimit.Deadline deadline = limit.start();
        if (!takeTurn(limit, deadline)) {
            return Optional.empty();
        }
        Holder got;
        try {
            Holder known = heldNow(limit, deadline);
            got = known != null ? share(known, mode, limit, deadline) : acquire(mode, limit, deadline);
            if (got != null && got.id() != 0) { // otherwise nothing was locked: there is nothing to count
                count = known == null ? 1 : count + 1;
                held = got;
                if (known == null) {
                    FlightEvents.lockHoldBegins(this, key.eid(), got);
                }
            }
        } catch (TimeoutException stateBusy) {
            return Optional.empty();
        } finally {
            waitsForOthers = false;
            turn.release();
        }
        return got == null
                ? Optional.empty()
                : Optional.of(new Hold(got.devices().toList(), got.id()));
    }

    /** The hold as the state has it, which knows what was detached since; null if nothing is held. */
    private @Nullable Holder heldNow(WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        Holder known = held;
        Holder now = known == null ? null : store.read(draft -> held(draft, known), limit, deadline);
        if (known != null && now == null) {
            held = null; // all of its devices were detached
            FlightEvents.lockHoldEnds(this);
        }
        return now;
    }

    /** Once the lease is over nothing is held, whether or not it was taken back. */
    private @Nullable Holder held(Draft draft, Holder known) {
        EnvBlock block = draft.find(key.hash(), key.id());
        if (block != null && LeaseRules.isOver(block, BootClock::millis)) {
            throw LeaseRules.expired(block, BootClock::millis);
        }
        return draft.findHolder(known.id());
    }

    /**
     * Waits for the turn; false if the limit is over before. A limit that is over does not end the waiting for a step that
     * takes no time.
     */
    private boolean takeTurn(WaitLimit limit, WaitLimit.Deadline deadline) throws InterruptedException {
        if (turn.tryAcquire()) {
            return true;
        }
        boolean interrupted = false;
        try {
            while (true) {
                long remaining = deadline.remaining();
                if (remaining <= 0 && waitsForOthers) {
                    return false;
                }
                try {
                    if (turn.tryAcquire(remaining <= 0 ? STEP_NANOS : remaining, TimeUnit.NANOSECONDS)) {
                        return true;
                    }
                } catch (InterruptedException e) {
                    if (limit.interruptible()) {
                        throw e;
                    }
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private @Nullable Holder acquire(LockMode mode, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException {
        long remaining = deadline.remaining();
        WaitLimit rest = remaining == Long.MAX_VALUE || limit.nanos() == 0
                ? limit
                : new WaitLimit(Math.max(remaining, 0), limit.interruptible());
        if (rest.nanos() > 0) {
            waitsForOthers = true;
        }
        Outcome<Holder> outcome = store.lock(key, mode, rest);
        return outcome instanceof Outcome.Granted<Holder>(Holder holder) ? holder : null;
    }

    /** The hold of another thread, or of this one further out, with the devices that have come since. */
    private @Nullable Holder share(Holder known, LockMode mode, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (mode == LockMode.EXCLUSIVE && known.mode() == LockMode.SHARE) {
            throw new GenvException("an exclusive lock cannot be taken inside a shared one: eid=" + key.eid()
                    + " devices=" + known.devices() + "; it could wait for itself: close the shared lock first");
        }
        DeviceSet added = devices(limit, deadline).minus(known.devices());
        if (added.isEmpty()) {
            return known;
        }
        if (store.extend(known, added)) {
            return known.withDevices(known.devices().union(added));
        }
        if (limit.nanos() == 0) {
            return null;
        }
        throw new GenvException("devices that were attached after the lock was taken are locked by others: eid="
                + key.eid() + " held=" + known.devices() + " wanted=" + added
                + "; close the lock and take it again, so that all are locked together");
    }

    private DeviceSet devices(WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        return store.read(
                draft -> {
                    EnvBlock block = draft.find(key.hash(), key.id());
                    return block == null ? DeviceSet.EMPTY : block.devices();
                },
                limit,
                deadline);
    }

    private void release(long id) {
        if (!takeTurnToRelease(id)) {
            return;
        }
        try {
            Holder now = held;
            if (now != null && now.id() == id && --count == 0) {
                held = null;
                FlightEvents.lockHoldEnds(this);
                store.unlock(now);
            }
        } finally {
            turn.release();
        }
    }

    /** Waits for the turn as long as that is held; false if it is not any more. */
    private boolean takeTurnToRelease(long id) {
        boolean interrupted = false;
        try {
            while (true) {
                Holder now = held;
                if (now == null || now.id() != id) {
                    return false; // all of its devices were detached, or the environment was left
                }
                try {
                    if (turn.tryAcquire() || turn.tryAcquire(STEP_NANOS, TimeUnit.NANOSECONDS)) {
                        return true;
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Releases the hold, whatever its count: no scope of this process is in the environment any more. */
    void releaseAll() {
        Holder now = held;
        held = null;
        if (now != null) {
            FlightEvents.lockHoldEnds(this);
            store.unlock(now);
        }
    }

    private final class Hold implements DeviceLock {
        private final List<Integer> devices;
        private final long id;
        private final AtomicBoolean open = new AtomicBoolean(true);

        Hold(List<Integer> devices, long id) {
            this.devices = devices;
            this.id = id;
        }

        @Override
        public List<Integer> devices() {
            return devices;
        }

        @Override
        public void close() {
            PolicyCall.refuse();
            if (open.compareAndSet(true, false) && id != 0) {
                release(id);
            }
        }

        @Override
        public String toString() {
            return "DeviceLock[eid=" + key.eid() + ", devices=" + devices + ", open=" + open + "]";
        }
    }
}
