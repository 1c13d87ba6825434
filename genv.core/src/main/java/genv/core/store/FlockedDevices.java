// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.file.Flock;
import genv.core.json.DeviceFlocks;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import genv.core.rules.Caller;
import genv.core.rules.EnvRules;
import genv.core.rules.LockRules;
import genv.core.rules.Outcome;
import genv.core.waiting.WaitLimit;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Locks what an environment has by locking files: all of it, as it is when the last lock has been taken. */
final class FlockedDevices {
    private final DeviceFlocks flocks;
    private final Caller caller;
    private final Path directory;

    FlockedDevices(DeviceFlocks flocks, Caller caller, Path directory) {
        this.flocks = flocks;
        this.caller = caller;
        this.directory = directory;
    }

    /** Finds an environment. */
    @FunctionalInterface
    interface Lookup {
        /**
         * The environment, or null if it has ended.
         *
         * @throws TimeoutException if that could not be found out within the limit
         */
        @Nullable
        EnvBlock find() throws InterruptedException, TimeoutException;
    }

    /**
     * Locks.
     *
     * @param lookup finds the environment as it is now
     * @param keep takes charge of the locks and gives the holder its identity
     */
    Outcome<Holder> lock(
            EnvRules.Key env,
            LockMode mode,
            WaitLimit limit,
            Lookup lookup,
            BiFunction<Holder, DeviceFlocks.Held, Holder> keep)
            throws InterruptedException {
        long now = System.currentTimeMillis();
        Flock.Patience patience = new Flock.Patience(limit.nanos(), DeviceFlocks.LONGEST_PAUSE, limit.interruptible());
        boolean hadDevices = false;
        try {
            while (true) {
                DeviceSet devices = devicesOf(env, lookup);
                Holder holder = new Holder(
                        0, env.id(), env.hash(), caller.token(), caller.pid(), mode, EnvBlock.WHOLE, now, devices);
                if (devices.isEmpty()) {
                    if (hadDevices) {
                        throw LockRules.detached(env.eid());
                    }
                    return new Outcome.Granted<>(holder);
                }
                if (mode == LockMode.SHARE) {
                    throw new GenvException(
                            "devices cannot be locked in shares in a state directory of Python Genv: path=" + directory
                                    + "; its locks are whole files: use LockMode.EXCLUSIVE");
                }
                hadDevices = true;
                Optional<DeviceFlocks.Held> locks = flocks.lock(devices, patience);
                if (locks.isEmpty()) {
                    return new Outcome.Busy<>(request(env, devices, now), devices.size(), DeviceSet.EMPTY);
                }
                DeviceFlocks.Held taken = locks.get();
                boolean kept = false;
                try {
                    // while it was waited for, devices may have come or gone
                    if (devicesOf(env, lookup).equals(devices)) {
                        kept = true;
                        return new Outcome.Granted<>(keep.apply(holder, taken));
                    }
                } finally {
                    if (!kept) {
                        taken.close();
                    }
                }
            }
        } catch (TimeoutException stateBusy) {
            return new Outcome.Busy<>(request(env, DeviceSet.EMPTY, now), 0, DeviceSet.EMPTY);
        } finally {
            patience.end();
        }
    }

    private DeviceSet devicesOf(EnvRules.Key env, Lookup lookup) throws InterruptedException, TimeoutException {
        return caller.mustBeIn(lookup.find(), env.eid()).devices();
    }

    private QueuedRequest request(EnvRules.Key env, DeviceSet devices, long now) {
        return new QueuedRequest(
                Long.MAX_VALUE,
                new QueuedRequest.By(
                        caller.token(),
                        caller.pid(),
                        env.id(),
                        env.eid(),
                        caller.user().uid()),
                QueuedRequest.Kind.EXCLUSIVE_LOCK,
                now,
                devices,
                devices.size(),
                EnvBlock.WHOLE);
    }
}
