// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.core.file.Flock;
import genv.core.file.PlainDirectory;
import genv.core.model.DeviceSet;
import genv.core.state.CrashPoint;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The locks of devices: each is a {@code flock} on {@code devices/<index>.lock}, as Genv takes them.
 *
 * <p>Several are taken in ascending order. Whoever has some and waits for the next holds them for a while only, then gives all
 * of them back and begins again: so nobody waits for ever for somebody who takes them in another order. Thread-safe.
 */
public final class DeviceFlocks implements AutoCloseable {
    /** The folder of the lock files. */
    public static final String FOLDER = "devices";

    private static final String SUFFIX = ".lock";

    /** How much later than it could be a lock is taken at most: the time between two tries. */
    public static final long LONGEST_PAUSE = 10_000_000;

    /** How long the first ones are held while the next one is waited for. */
    private static final long HOLD_AND_WAIT = 200_000_000;

    private final PlainDirectory directory;

    /** The folder that was opened last, after those that were there before it: what was locked in them is locked still. */
    private final Deque<PlainDirectory> folders = new ArrayDeque<>();

    /** In a state directory, which stays open for longer than this. */
    public DeviceFlocks(PlainDirectory directory) {
        this.directory = directory;
    }

    /** The folder that others find now; made where there is none. */
    public synchronized PlainDirectory folder() {
        PlainDirectory last = folders.peekLast();
        if (last != null && directory.leadsTo(FOLDER, last)) {
            return last;
        }
        PlainDirectory opened = directory.subdirectory(FOLDER);
        folders.addLast(opened);
        return opened;
    }

    /** Locks that are held together. Not thread-safe. */
    public static final class Held implements AutoCloseable {
        private final Map<Integer, Flock> locks = new HashMap<>();

        /** Gives back those that are not in a set. */
        public void keepOnly(DeviceSet devices) {
            locks.entrySet().removeIf(entry -> {
                if (devices.contains(entry.getKey())) {
                    return false;
                }
                entry.getValue().close();
                return true;
            });
        }

        /** Takes over what another has. */
        public void add(Held others) {
            locks.putAll(others.locks);
            others.locks.clear();
        }

        /** Gives all of them back. */
        @Override
        public void close() {
            keepOnly(DeviceSet.EMPTY);
        }
    }

    /** Locks all of a set; empty if the patience ends before. */
    public Optional<Held> lock(DeviceSet devices, Flock.Patience patience) throws InterruptedException {
        while (true) {
            Held held = new Held();
            boolean done = false;
            try {
                if (lockAll(devices, held, patience)) {
                    held.locks.values().forEach(Flock::touch);
                    done = true;
                    return Optional.of(held);
                }
            } finally {
                if (!done) {
                    held.close();
                }
            }
            if (!patience.pause()) {
                return Optional.empty();
            }
        }
    }

    private boolean lockAll(DeviceSet devices, Held held, Flock.Patience patience) throws InterruptedException {
        long start = System.nanoTime();
        PlainDirectory folder = folder();
        for (int index = devices.next(0); index >= 0; index = devices.next(index + 1)) {
            while (true) {
                Optional<Flock> got = Flock.tryAcquire(folder, index + SUFFIX);
                if (got.isPresent()) {
                    held.locks.put(index, got.get());
                    CrashPoint.DEVICE_LOCKED.reach();
                    break;
                }
                boolean holdsNothing = held.locks.isEmpty();
                if ((!holdsNothing && System.nanoTime() - start > HOLD_AND_WAIT) || !patience.pause()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The devices that have a lock file, ascending; makes nothing. */
    public List<Integer> present() {
        List<Integer> indices = new ArrayList<>();
        if (!directory.has(FOLDER)) {
            return indices;
        }
        for (String name : folder().names()) {
            if (name.endsWith(SUFFIX) && name.length() <= 3 + SUFFIX.length()) {
                String number = name.substring(0, name.length() - SUFFIX.length());
                if (!number.isEmpty() && number.chars().allMatch(c -> c >= '0' && c <= '9')) {
                    indices.add(Integer.parseInt(number));
                }
            }
        }
        indices.sort(null);
        return indices;
    }

    @Override
    public synchronized void close() {
        folders.forEach(PlainDirectory::close);
    }
}
