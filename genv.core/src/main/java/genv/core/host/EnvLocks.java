// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceLock;
import genv.api.GenvException;
import genv.api.LeaseExpiredException;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.events.FlightEvents;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.os.BootClock;
import genv.core.rules.EnvRules;
import genv.core.rules.LeaseRules;
import genv.core.rules.LockRules;
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
    /** How many locks share the hold; 0 with a hold that could not be released, which is done by whoever comes next. */
    private int count;
    /** Whether the thread that has the turn may have to wait for other processes. */
    private volatile boolean waitsForOthers;
    /** Whether the last one that did so had devices to wait for. */
    private boolean waitedForDevices;

    EnvLocks(Store store, EnvRules.Key key) {
        this.store = store;
        this.key = key;
    }

    /** How a thread came to have the turn, or not. */
    private enum Turn {
        MISSED,
        TAKEN,
        /** After one that may have had to wait for other processes. */
        TAKEN_AFTER_A_WAIT
    }

    /** Locks what the environment has; empty if that could not be done within the limit, which runs already. */
    Optional<DeviceLock> lock(LockMode mode, WaitLimit limit, WaitLimit.Deadline deadline) throws InterruptedException {
        Turn taken = takeTurn(limit, deadline);
        if (taken == Turn.MISSED) {
            return Optional.empty();
        }
        Holder got;
        try {
            Holder known = heldNow(limit, deadline);
            got = known != null ? share(known, mode, limit, deadline) : acquire(mode, limit, deadline, taken);
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
        if (known != null && count == 0) {
            giveBack(known); // and take it again, behind those who wait
            return null;
        }
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
     * Waits for the turn until the limit is over. A limit that is over does not end the waiting for a step that takes no time.
     */
    private Turn takeTurn(WaitLimit limit, WaitLimit.Deadline deadline) throws InterruptedException {
        if (turn.tryAcquire()) {
            return Turn.TAKEN;
        }
        boolean interrupted = false;
        Turn taken = Turn.TAKEN;
        try {
            while (true) {
                long remaining = deadline.remaining();
                if (waitsForOthers) {
                    if (remaining <= 0) {
                        return Turn.MISSED;
                    }
                    taken = Turn.TAKEN_AFTER_A_WAIT;
                }
                // a step at a time until it is known that the other one waits
                long longest = taken == Turn.TAKEN ? STEP_NANOS : Long.MAX_VALUE;
                long step = remaining <= 0 ? STEP_NANOS : Math.min(remaining, longest);
                try {
                    if (turn.tryAcquire(step, TimeUnit.NANOSECONDS)) {
                        return taken;
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

    private @Nullable Holder acquire(LockMode mode, WaitLimit limit, WaitLimit.Deadline deadline, Turn taken)
            throws InterruptedException {
        boolean hadDevices = taken == Turn.TAKEN_AFTER_A_WAIT && waitedForDevices;
        long remaining = deadline.remaining();
        WaitLimit rest = remaining == Long.MAX_VALUE || limit.nanos() == 0
                ? limit
                : new WaitLimit(Math.max(remaining, 0), limit.interruptible());
        if (rest.nanos() > 0) {
            waitsForOthers = true;
            waitedForDevices = true;
        }
        Outcome<Holder> outcome = store.lock(key, mode, rest);
        if (!(outcome instanceof Outcome.Granted<Holder>(Holder holder))) {
            return null;
        }
        if (holder.id() == 0) {
            if (hadDevices) { // it waited for them behind another thread
                throw LockRules.detached(key.eid());
            }
            waitedForDevices = false;
        }
        return holder;
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
        if (!limit.equals(WaitLimit.UNLIMITED)) {
            return null; // not waited for: two who hold one and wait for the other's would do so for ever
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
            if (now != null && now.id() == id && (count == 0 || --count == 0)) {
                giveBack(now);
            }
        } finally {
            turn.release();
        }
    }

    /** Releases the hold, which is known as held until that has been done. By the thread that has the turn. */
    private void giveBack(Holder now) {
        store.unlock(now);
        held = null;
        FlightEvents.lockHoldEnds(this);
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
        for (Holder now = held; now != null; now = held) {
            if (takeTurnToRelease(now.id())) {
                try {
                    count = 0;
                    Holder last = held;
                    if (last != null) {
                        giveBack(last);
                    }
                } finally {
                    turn.release();
                }
            }
        }
    }

    /** Ends a hold for which nothing is left, so that what is recorded of it ends with it and not with its last close. */
    void devicesLost() {
        if (turn.tryAcquire()) { // whoever has the turn looks as well
            try {
                heldNow(WaitLimit.NONE, WaitLimit.NONE.start());
            } catch (LeaseExpiredException again) {
                // the next lease is over by now too, and its end comes here as well
            } catch (InterruptedException | TimeoutException busy) {
                // whoever locks or unlocks next looks again
            } finally {
                turn.release();
            }
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
            if (!open.compareAndSet(true, false) || id == 0) {
                return;
            }
            boolean released = false;
            try {
                release(id);
                released = true;
            } finally {
                if (!released) {
                    open.set(true); // closing it once more tries again
                }
            }
        }

        @Override
        public String toString() {
            return "DeviceLock[eid=" + key.eid() + ", devices=" + devices + ", open=" + open + "]";
        }
    }
}
