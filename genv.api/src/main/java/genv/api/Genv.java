// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The entry point: environments on this host, and the GPUs attached to them.
 *
 * <p>This is the static face of the default {@link GenvHost}, which is opened at the first use, with {@link
 * GenvOptions#defaults()}, and stays open while the process runs. There is said in full what the operations mean: which
 * environment is the active one, how waiting is ordered, what another user may do, and what holds when something fails.
 * In short: every operation takes effect at once for all processes of the host, or throws and has changed nothing, and
 * what a process held is free when it dies, whatever killed it.
 *
 * {@snippet lang = java :
 * try (Activation env = Genv.activate(EnvConfig.builder().gpus(1).gpuMemory("4g").build())) {
 *     System.out.println("devices " + env.devices());
 * }
 * }
 *
 * <p>Every method may be called from any thread, platform or virtual. Besides what each method lists, every one throws
 * {@link GenvException} where the default host cannot be opened because no implementation (module {@code genv.core}) is
 * on the module path or class path or several are, and {@link StateException} where the state directory cannot be used;
 * the next call tries again. One that needs the host's devices throws {@link BackendException} where no backend is
 * usable, several are, or the driver fails.
 *
 * @see GenvHost
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class Genv {
    private Genv() {}

    /**
     * Tells whether an environment is active: of the caller's {@linkplain #call task scope}, of this process, or
     * inherited from the process that started it. Takes nanoseconds and allocates nothing.
     *
     * @return whether one is
     */
    public static boolean active() {
        return DefaultHost.get().active();
    }

    /**
     * Returns the identifier of the active environment. Takes nanoseconds and allocates nothing.
     *
     * @return the identifier; absent where no environment is active
     */
    public static Optional<String> eid() {
        return DefaultHost.get().eid();
    }

    /**
     * Activates an environment without devices for this process, named after the process identifier.
     *
     * @return the membership of this process in the environment, to be closed
     * @throws AlreadyActiveException if an environment is active
     */
    public static Activation activate() {
        return DefaultHost.get().activate();
    }

    /**
     * Activates an environment for this process, named after the process identifier, with only devices that are free,
     * without waiting.
     *
     * @param config name, number of GPUs and memory share; without a number no device is attached, without a share
     *     devices are attached whole
     * @return the membership of this process in the environment, to be closed
     * @throws AlreadyActiveException if an environment is active
     * @throws DevicesUnavailableException if the devices cannot be had
     */
    public static Activation activate(EnvConfig config) {
        return DefaultHost.get().activate(config);
    }

    /**
     * Activates an environment for this process: creates or, where its identifier lives, joins it, attaches devices,
     * and sets its variables. See {@link GenvHost#activate(ActivationRequest)}.
     *
     * @param request what to activate, and how
     * @return the membership of this process in the environment, to be closed
     * @throws AlreadyActiveException if an environment is active, also an inherited one or one of a task scope
     * @throws AccessDeniedException if the environment of this identifier belongs to another user
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed
     * @throws InterruptedWaitException if the thread is interrupted while it waits; its interrupt status is set again
     */
    public static Activation activate(ActivationRequest request) {
        return DefaultHost.get().activate(request);
    }

    /**
     * Replaces the whole configuration of the active environment, for all of its members, and resizes what is attached
     * to the new memory share in the same step. The number of attached devices stays as it is.
     *
     * @param config the new configuration; parts that are absent in it are absent from then on
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws DevicesUnavailableException if what is attached cannot be resized; the configuration is as before
     */
    public static void configure(EnvConfig config) {
        DefaultHost.get().configure(config);
    }

    /**
     * Returns the configuration of the active environment as it is now, whoever changed it. Takes nanoseconds and
     * allocates nothing while nobody changes it.
     *
     * @return the configuration; empty where the inherited environment has ended
     * @throws NotActiveException if no environment is active
     */
    public static EnvConfig configuration() {
        return DefaultHost.get().configuration();
    }

    /**
     * Returns the configuration of the active environment as it is now, and makes the variables of this process agree
     * with it.
     *
     * @return the configuration; empty where the inherited environment has ended
     * @throws NotActiveException if no environment is active
     */
    public static EnvConfig refreshConfiguration() {
        return DefaultHost.get().refreshConfiguration();
    }

    /**
     * Configures the active environment, as by {@link #configure}, from the files {@code name}, {@code gpus} and
     * {@code gpu-memory} in {@link #home}. A file that does not exist leaves its part absent.
     *
     * @return the configuration that was loaded
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws DevicesUnavailableException if what is attached cannot be resized; the configuration is as before
     * @throws GenvException if there is no {@code .genv} directory, or one of its files cannot be read or holds no
     *     possible value
     */
    public static EnvConfig loadConfiguration() {
        return DefaultHost.get().loadConfiguration();
    }

    /**
     * Writes the configuration of the active environment into {@link #home}, or into a new {@code .genv} in the working
     * directory where there is none. A part that is absent removes its file. Each file is replaced atomically.
     *
     * @throws NotActiveException if no environment is active
     * @throws GenvException if a file cannot be written
     */
    public static void saveConfiguration() {
        DefaultHost.get().saveConfiguration();
    }

    /**
     * Returns the directory that configurations are loaded from and saved to: {@code .genv} in the working directory,
     * or else in the home directory of the user. Needs no active environment.
     *
     * @return the directory; absent where neither exists
     */
    public static Optional<Path> home() {
        return DefaultHost.get().home();
    }

    /**
     * Attaches as many devices as the configuration of the active environment says, without waiting.
     *
     * @return an unmodifiable list of the indices of all devices that are attached then, ascending
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws DevicesUnavailableException if the devices cannot be had
     */
    public static List<Integer> attach() {
        return DefaultHost.get().attach();
    }

    /**
     * Attaches devices to the active environment: for a number what is missing from it, for an index that device. Never
     * detaches one. See {@link GenvHost#attach(DeviceRequest)}.
     *
     * @param request which devices, and how
     * @return an unmodifiable list of the indices of all devices that are attached then, ascending
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws IllegalArgumentException if the host has no device of the index; the message names those that it has
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed
     * @throws InterruptedWaitException if the thread is interrupted while it waits; its interrupt status is set again
     */
    public static List<Integer> attach(DeviceRequest request) {
        return DefaultHost.get().attach(request);
    }

    /**
     * Returns the devices that are attached to the active environment now, whoever changed them. Takes nanoseconds and
     * allocates nothing while nobody changes them.
     *
     * @return an unmodifiable list of indices, ascending; empty where no environment is active or the inherited one has
     *     ended
     */
    public static List<Integer> attached() {
        return DefaultHost.get().attached();
    }

    /**
     * Detaches all devices from the active environment, for all of its members, and ends the locks that they hold on them.
     *
     * @return an unmodifiable list of the indices of the devices that remain attached, which is empty
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     */
    public static List<Integer> detach() {
        return DefaultHost.get().detach();
    }

    /**
     * Detaches a device from the active environment, for all of its members, and ends the locks that they hold on it. One
     * that is not attached to it stays as it is.
     *
     * @param index the index of the device
     * @return an unmodifiable list of the indices of the devices that remain attached, ascending
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws IllegalArgumentException if the host has no device of the index; the message names those that it has
     */
    public static List<Integer> detach(int index) {
        return DefaultHost.get().detach(index);
    }

    /**
     * Returns the devices that are attached to the active environment now, and makes the variables of this process
     * ({@code CUDA_VISIBLE_DEVICES}) agree with them.
     *
     * @return an unmodifiable list of indices, ascending; empty where the inherited environment has ended
     * @throws NotActiveException if no environment is active
     */
    public static List<Integer> refreshAttached() {
        return DefaultHost.get().refreshAttached();
    }

    /**
     * Returns when the {@linkplain ActivationRequest#lease lease} of the active environment ends.
     *
     * @return the end, by the host's clock as it is set now; absent where no environment is active, or it has no lease, or
     *     none any more
     */
    public static Optional<Instant> leaseEnd() {
        return DefaultHost.get().leaseEnd();
    }

    /**
     * Renews the lease of the active environment: from now on it lasts so long, be that longer or shorter than before.
     * Where the owner of the host set a longest lease, that is counted from when the lease began.
     *
     * @param duration how long, longer than zero
     * @return when it ends now
     * @throws LeaseExpiredException if it has run out already
     * @throws NotActiveException if no environment is active, the inherited one has ended, or it has no lease to renew
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws GenvException if the owner of the host does not allow one that long
     * @throws IllegalArgumentException if the duration is not longer than zero
     */
    public static Instant renewLease(Duration duration) {
        return DefaultHost.get().renewLease(duration);
    }

    /**
     * Locks all devices that are attached to the active environment, exclusively and at once, and waits for that
     * without limit. Interruption does not end the wait. See {@link GenvHost#lock(LockMode)}.
     *
     * @return the lock, to be closed; a lock on nothing where no environment is active or it has no device
     * @throws GenvException if this process holds the environment's devices under {@link LockMode#SHARE}, or devices
     *     attached since an outer lock was taken cannot be added to its hold at once
     */
    public static DeviceLock lock() {
        return DefaultHost.get().lock();
    }

    /**
     * Locks all devices that are attached to the active environment, at once, and waits for that without limit.
     * Interruption does not end the wait. See {@link GenvHost#lock(LockMode)}.
     *
     * @param mode whole devices, or memory shares of them
     * @return the lock, to be closed; a lock on nothing where no environment is active or it has no device
     * @throws GenvException if the mode is exclusive and this process holds the environment's devices under
     *     {@link LockMode#SHARE}, or devices attached since an outer lock was taken cannot be added to its hold at once
     */
    public static DeviceLock lock(LockMode mode) {
        return DefaultHost.get().lock(mode);
    }

    /**
     * Locks all devices that are attached to the active environment, exclusively, if that is possible at once. Never
     * waits and never overtakes a waiter.
     *
     * @return the lock, to be closed; absent where somebody else holds one of the devices or waits for it. A lock on
     *     nothing, always present, where no environment is active or it has no device
     * @throws GenvException if this process holds the environment's devices under {@link LockMode#SHARE}
     */
    public static Optional<DeviceLock> tryLock() {
        return DefaultHost.get().tryLock();
    }

    /**
     * Locks all devices that are attached to the active environment if that is possible at once. Never waits and never
     * overtakes a waiter. See {@link GenvHost#tryLock(LockMode)}.
     *
     * @param mode whole devices, or memory shares of them
     * @return the lock, to be closed; absent where it is not possible at once. A lock on nothing, always present, where
     *     no environment is active or it has no device
     * @throws GenvException if the mode is exclusive and this process holds the environment's devices under
     *     {@link LockMode#SHARE}
     */
    public static Optional<DeviceLock> tryLock(LockMode mode) {
        return DefaultHost.get().tryLock(mode);
    }

    /**
     * Locks all devices that are attached to the active environment, exclusively, waiting for a limited time.
     *
     * @param limit the longest time to wait; zero does not wait
     * @return the lock, to be closed; absent where the time ran out. A lock on nothing, always present, where no
     *     environment is active or it has no device
     * @throws InterruptedException if the thread is interrupted before or while it waits
     * @throws IllegalArgumentException if the limit is negative
     * @throws GenvException if this process holds the environment's devices under {@link LockMode#SHARE}
     */
    public static Optional<DeviceLock> tryLock(Duration limit) throws InterruptedException {
        return DefaultHost.get().tryLock(limit);
    }

    /**
     * Locks all devices that are attached to the active environment, waiting for a limited time, first come, first
     * served over all processes. See {@link GenvHost#tryLock(LockMode, Duration)}.
     *
     * @param mode whole devices, or memory shares of them
     * @param limit the longest time to wait; zero does not wait, and more than {@link Long#MAX_VALUE} nanoseconds (292
     *     years) waits as long as that
     * @return the lock, to be closed; absent where the time ran out. A lock on nothing, always present, where no
     *     environment is active or it has no device
     * @throws InterruptedException if the thread is interrupted before or while it waits; its request has left the
     *     queue
     * @throws IllegalArgumentException if the limit is negative
     * @throws GenvException if the mode is exclusive and this process holds the environment's devices under
     *     {@link LockMode#SHARE}
     */
    public static Optional<DeviceLock> tryLock(LockMode mode, Duration limit) throws InterruptedException {
        return DefaultHost.get().tryLock(mode, limit);
    }

    /**
     * Takes a consistent picture of the whole host: environments of all users, devices, who holds and who waits. Writes
     * nothing and keeps nobody waiting.
     *
     * @return the picture, which does not follow later changes
     */
    public static Snapshot snapshot() {
        return DefaultHost.get().snapshot();
    }

    /**
     * Takes the same picture as {@link #snapshot}, as JSON in one line, for other programs. See
     * {@link GenvHost#snapshotJson}.
     *
     * @return the picture as JSON
     */
    public static String snapshotJson() {
        return DefaultHost.get().snapshotJson();
    }

    /**
     * Runs an operation in an environment of its own, which is active in the dynamic scope of the operation alone: the
     * task scope, for the many tasks of one process. No variable of the process is touched, and any number of task
     * scopes can be live at once. See {@link GenvHost#call}.
     *
     * {@snippet lang = java :
     * ActivationRequest request = ActivationRequest.of(EnvConfig.builder().gpus(1).build());
     * float[] result = Genv.call(request.waitUpTo(Duration.ofMinutes(5)), () -> {
     *     return compute(Genv.attached());
     * });
     * }
     *
     * @param <R> the type of the result
     * @param <X> the type of what the operation throws
     * @param request what to activate, and how; without an identifier it is {@code <pid>-<number>}
     * @param op the operation
     * @return the result of the operation
     * @throws X if the operation throws it
     * @throws GenvException if the state directory has its 4,096 environments, or the queue its 384 requests; the
     *     operation has not run
     * @throws AccessDeniedException if the environment of this identifier belongs to another user
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed; the operation has
     *     not run
     * @throws InterruptedWaitException if the thread is interrupted while it waits for devices; its interrupt status is
     *     set again and the operation has not run
     */
    public static <R extends @Nullable Object, X extends Throwable> R call(
            ActivationRequest request, ScopedValue.CallableOp<? extends R, X> op) throws X {
        return DefaultHost.get().call(request, op);
    }

    /**
     * Runs an operation without a result in an environment of its own. As {@link #call}.
     *
     * @param request what to activate, and how; without an identifier it is {@code <pid>-<number>}
     * @param op the operation
     * @throws AccessDeniedException if the environment of this identifier belongs to another user
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed; the operation has
     *     not run
     * @throws InterruptedWaitException if the thread is interrupted while it waits for devices; its interrupt status is
     *     set again and the operation has not run
     */
    public static void run(ActivationRequest request, Runnable op) {
        DefaultHost.get().run(request, op);
    }
}
