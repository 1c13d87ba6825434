// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.List;

/**
 * A lock on the devices of an environment, taken for all of them at once by {@link Genv#lock()} or
 * {@link Genv#tryLock()} and held until it is closed.
 *
 * <p>The holder is the pair of process and environment, not a thread: nested and concurrent locks of one environment in
 * one process share a hold, which ends when the last of them is closed. Other processes exclude each other, also within
 * one environment. The hold ends as well when the process leaves the environment, when that ends or loses its devices, and
 * when the process dies, whatever killed it.
 *
 * <p>A process here is what goes through one {@link GenvHost}, as all that goes through {@link Genv} does. Several hosts that
 * one process has opened exclude each other like several processes.
 *
 * <p>The lock is cooperative: it orders those who ask for it and keeps nobody else from the device. Instances may be
 * used from any thread.
 *
 * {@snippet lang = java :
 * try (DeviceLock lock = Genv.lock()) {
 *     train(lock.devices());
 * }
 * }
 */
public interface DeviceLock extends AutoCloseable {
    /**
     * Returns the devices that this lock was taken for.
     *
     * @return an unmodifiable list of indices in ascending order; empty for a lock on nothing, which is what a lock
     *     outside an environment or without an attached device is
     */
    List<Integer> devices();

    /**
     * Gives this lock back. Has an effect only the first time, and may be called from any thread, not only the one that
     * took the lock.
     *
     * <p>Where it throws, the devices may still be locked: closing once more tries again, and so do the next lock of the same
     * environment in this process and leaving the environment.
     *
     * @throws StateException if the state directory cannot be used
     */
    @Override
    void close();
}
