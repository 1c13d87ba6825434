// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DeviceLock;
import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.rules.EnvRules;
import genv.core.rules.Outcome;
import genv.core.store.Store;
import genv.core.waiting.WaitLimit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The device lock of one environment in this process.
 *
 * <p>In the state, the process and the environment together are one holder; here its closes are counted. States: free;
 * acquiring, by one thread, while others wait for what it gets; held, with a count. Guarded by this object's monitor, which is
 * never held while a thread waits for other processes.
 */
final class EnvLocks {
    private final Store store;
    private final EnvRules.Key key;
    private @Nullable Holder held;
    private int count;
    private boolean acquiring;
    /** Whether the thread that is acquiring may have to wait for other processes. */
    private boolean waitsForOthers;

    EnvLocks(Store store, EnvRules.Key key) {
        this.store = store;
        this.key = key;
    }

    /** Locks what the environment has; empty if that could not be done within the limit. */
    Optional<DeviceLock> lock(LockMode mode, WaitLimit limit) throws InterruptedException {
        WaitLimit.Deadline deadline = limit.start();
        if (!becomeAcquirer(limit, deadline)) {
            return Optional.empty();
        }
        Holder known = heldNow();
        Holder got = null;
        try {
            got = known != null ? share(known, mode, limit) : acquire(mode, limit, deadline);
        } finally {
            settle(known, got);
        }
        return got == null
                ? Optional.empty()
                : Optional.of(new Hold(got.devices().toList(), got.id()));
    }

    /** The hold as the state has it, which knows what was detached since; null if nothing is held. */
    private @Nullable Holder heldNow() {
        Holder known;
        synchronized (this) {
            known = held; // stable: this thread is acquiring
        }
        Holder now = known == null ? null : store.read(draft -> draft.findHolder(known.id()));
        if (now == null) {
            synchronized (this) {
                held = null; // all of its devices were detached
                count = 0;
            }
        }
        return now;
    }

    /** Waits until no other thread is acquiring; false if the limit is over before. */
    private synchronized boolean becomeAcquirer(WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException {
        boolean interrupted = false;
        try {
            while (acquiring) {
                long remaining = deadline.remaining();
                if (remaining <= 0 && waitsForOthers) {
                    return false;
                }
                try {
                    if (remaining == Long.MAX_VALUE || remaining <= 0) {
                        wait(); // in the latter case for a step that takes no time
                    } else {
                        TimeUnit.NANOSECONDS.timedWait(this, remaining);
                    }
                } catch (InterruptedException e) {
                    if (limit.interruptible()) {
                        throw e;
                    }
                    interrupted = true;
                }
            }
            acquiring = true;
            return true;
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
            mayWait();
        }
        Outcome<Holder> outcome = store.lock(key, mode, rest);
        return outcome instanceof Outcome.Granted<Holder>(Holder holder) ? holder : null;
    }

    private synchronized void mayWait() {
        waitsForOthers = true;
        notifyAll();
    }

    /** The hold of another thread, or of this one further out, with the devices that have come since. */
    private @Nullable Holder share(Holder known, LockMode mode, WaitLimit limit) {
        if (mode == LockMode.EXCLUSIVE && known.mode() == LockMode.SHARE) {
            throw new GenvException("an exclusive lock cannot be taken inside a shared one: eid=" + key.eid()
                    + " devices=" + known.devices() + "; it could wait for itself: close the shared lock first");
        }
        DeviceSet added = devices().minus(known.devices());
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

    private DeviceSet devices() {
        return store.read(draft -> {
            EnvBlock block = draft.find(key.hash(), key.id());
            return block == null ? DeviceSet.EMPTY : block.devices();
        });
    }

    private synchronized void settle(@Nullable Holder known, @Nullable Holder got) {
        acquiring = false;
        waitsForOthers = false;
        notifyAll();
        if (got == null || got.id() == 0) {
            return; // nothing was locked: there is nothing to count
        }
        held = got;
        count = known == null ? 1 : count + 1;
    }

    private void release(long id) {
        Holder last = takeLast(id);
        if (last != null) {
            try {
                store.unlock(last);
            } finally {
                settle(null, null);
            }
        }
    }

    /** Counts a close; gives the hold if it was the last one, and keeps others from acquiring until it is released. */
    private synchronized @Nullable Holder takeLast(long id) {
        boolean interrupted = false;
        while (acquiring && held != null && held.id() == id) { // sharing it right now, which takes no time
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Holder now = held;
        if (now == null || now.id() != id || --count > 0) {
            return null;
        }
        held = null;
        acquiring = true;
        return now;
    }

    /** Releases the hold, whatever its count: no scope of this process is in the environment any more. */
    synchronized void releaseAll() {
        Holder now = held;
        held = null;
        count = 0;
        if (now != null) {
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
