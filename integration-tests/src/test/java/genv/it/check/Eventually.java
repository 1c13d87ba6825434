// SPDX-License-Identifier: Apache-2.0
package genv.it.check;

import genv.api.DeviceInfo;
import genv.api.GenvHost;
import genv.api.Snapshot;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Waits for what the state tells nobody: a snapshot has no event. Gives up after a minute. */
public final class Eventually {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Eventually() {}

    /**
     * Waits until the host shows something.
     *
     * @return the snapshot that shows it
     */
    public static Snapshot snapshot(GenvHost host, String what, Predicate<Snapshot> shown) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            Snapshot snapshot = host.snapshot();
            if (shown.test(snapshot)) {
                return snapshot;
            }
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("did not come about: " + what + ", limit=" + LIMIT + ", snapshot=" + snapshot);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** Waits until so many requests wait for a device. */
    public static Snapshot waiters(GenvHost host, int device, int count) {
        return snapshot(
                host,
                count + " waiters for device " + device,
                s -> s.device(device).map(DeviceInfo::waiters).orElseThrow().size() == count);
    }

    /** Waits until this many requests wait on the host, be it for devices, locks, or what its owner allows. */
    public static Snapshot waiting(GenvHost host, int count) {
        return snapshot(host, count + " waiters", s -> s.waiters().size() == count);
    }

    /** Waits until no environment, attachment, lock or request is left. */
    public static Snapshot empty(GenvHost host) {
        return snapshot(host, "an empty host", Eventually::isEmpty);
    }

    /** Whether there is no environment, attachment, lock or request. */
    public static boolean isEmpty(Snapshot snapshot) {
        return snapshot.envs().isEmpty()
                && snapshot.waiters().isEmpty()
                && snapshot.devices().stream()
                        .allMatch(device -> device.attachments().isEmpty()
                                && device.lockHolders().isEmpty()
                                && device.waiters().isEmpty());
    }
}
