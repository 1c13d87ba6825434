// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A host whose devices are shared: the operations of {@link Genv} on a state directory, a backend and permissions of
 * one's choice, for embedding and for tests.
 *
 * <p><b>Active environment.</b> Most operations speak of the active environment. That is, the first that applies: the
 * one of the {@linkplain #call task scope} that the caller runs in; the one that this process {@linkplain #activate
 * activated} (there is at most one); the one that the process inherited, when it was started with the variable
 * {@code GENV_ENVIRONMENT_ID} set. An inherited environment may end while the process runs: then {@link #active} is
 * still true, {@link #attached} is empty, {@link #configuration} is empty, and what would change the environment throws
 * {@link NotActiveException}, which says that it ended.
 *
 * <p><b>All or nothing.</b> Every operation takes effect at once for all processes of the host, or throws and has
 * changed nothing. A process that dies leaves no trace: what it held is free again for the next who needs it.
 *
 * <p><b>Waiting</b> is first come, first served over all processes: nobody, not even a request that does not wait
 * itself, overtakes a waiter for a device that it waits for. Who is killed or interrupted leaves the queue, and a
 * request that could never be served is refused at once. Of the threads of one process that wait for the same devices
 * sixteen at most stand in the queue of the host; the others, any number, stand behind these in the order in which they
 * came. When all sixteen have been served, the next ones enter the queue, and a request of another process that came in
 * that moment can be before them.
 *
 * <p><b>Users.</b> An environment belongs to the user who created it. Everybody sees it in a {@linkplain #snapshot
 * snapshot}; only its owner and root can join, change or detach it.
 *
 * <p><b>Leases.</b> An environment that was activated with a {@linkplain ActivationRequest#lease lease} loses its devices and
 * locks when that runs out, and goes on without. Then {@link #attached} is empty, locking throws
 * {@link LeaseExpiredException}, and {@link #attach() attaching} begins a new one.
 *
 * <p><b>Devices</b> are named by their indices on the host, from 0 in PCI order. The backend is looked for when devices
 * are first needed, so environments without devices work where there is none. Every operation that needs the host's
 * devices throws {@link BackendException} if no backend is usable, several are, or the driver fails.
 *
 * <p><b>State.</b> Every operation except {@link #home} may throw {@link StateException} if the state directory cannot
 * be used.
 *
 * <p>A host may be used by any number of threads, platform and virtual, at the same time. It is open until
 * {@link #close}; operations after that throw {@link IllegalStateException}.
 *
 * {@snippet lang = java :
 * GenvOptions options = GenvOptions.builder().stateDirectory(directory).processEnvironment(false).build();
 * try (GenvHost host = GenvHost.open(options);
 *         Activation activation = host.activate(EnvConfig.builder().gpus(1).build())) {
 *     System.out.println(activation.devices());
 * }
 * }
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public interface GenvHost extends AutoCloseable {
    /**
     * Opens a host. The state directory is created if it does not exist; devices are not looked for yet.
     *
     * @param options the state directory, backend and permissions
     * @return the open host
     * @throws GenvException if no implementation of genv is on the module path or class path, several are, or it cannot
     *     be loaded
     * @throws StateException if the state directory cannot be used
     */
    static GenvHost open(GenvOptions options) {
        Objects.requireNonNull(options, "options");
        return Providers.only().open(options);
    }

    /**
     * Changes how the state of a directory is kept: to {@link StateFormat#JSON} for a host that begins to run Python Genv, or
     * to {@link StateFormat#MAPPED} for one that has ceased to. Nothing is carried over, since nothing may be there: no
     * environment lives in the directory, and for a mapped state no program has it open. Without an effect where it is kept
     * so already. No program may be started on the directory meanwhile.
     *
     * @param directory the state directory, which exists
     * @param to how it is to be kept
     * @throws StateException if something uses the directory, or it cannot be used; it is then as it was
     */
    static void convert(Path directory, StateFormat to) {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(to, "to");
        Providers.only().convert(directory, to);
    }

    /**
     * Tells whether an environment is active: of the caller's task scope, of this process, or inherited. Takes
     * nanoseconds and allocates nothing.
     *
     * @return whether one is
     */
    boolean active();

    /**
     * Returns the identifier of the active environment. Takes nanoseconds and allocates nothing.
     *
     * @return the identifier; absent where no environment is active
     */
    Optional<String> eid();

    /**
     * Activates an environment without devices, named after the process identifier. As {@link
     * #activate(ActivationRequest)} with {@link EnvConfig#empty()}.
     *
     * @return the membership of this process in the environment, to be closed
     * @throws AlreadyActiveException if an environment is active
     */
    default Activation activate() {
        return activate(ActivationRequest.of(EnvConfig.empty()));
    }

    /**
     * Activates an environment with this configuration, named after the process identifier, with only devices that are
     * free, without waiting. As {@link #activate(ActivationRequest)}.
     *
     * @param config the configuration
     * @return the membership of this process in the environment, to be closed
     * @throws AlreadyActiveException if an environment is active
     * @throws DevicesUnavailableException if the devices cannot be had
     */
    default Activation activate(EnvConfig config) {
        return activate(ActivationRequest.of(config));
    }

    /**
     * Activates an environment for this process: creates or joins it, attaches the devices that are missing from
     * {@linkplain EnvConfig#gpus() its number}, and sets its variables.
     *
     * <p>Without a number of GPUs no device is attached; without a {@linkplain EnvConfig#gpuMemory() share} devices are
     * attached whole. A share fits a device while the shares attached to it add up to no more than its memory; a whole
     * attachment needs a device without any. {@linkplain ActivationRequest#overSubscribed() Over-subscription} takes
     * free devices first, then the least populated, and does not look at memory.
     *
     * <p>Without an identifier the environment is named after the process identifier, or {@code <pid>-<number>} where
     * that name lives under another process already, as with other process namespaces. With one that lives, that
     * environment is joined: devices are shared with its members, its configuration is kept if the request's is empty
     * and replaced, as by {@link #configure}, if not. It ends when the last member has left.
     *
     * @param request what to activate, and how
     * @return the membership of this process in the environment, to be closed
     * @throws AlreadyActiveException if an environment is active, also an inherited one or one of a task scope
     * @throws AccessDeniedException if the environment of this identifier belongs to another user
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed
     * @throws InterruptedWaitException if the thread is interrupted while it waits; its interrupt status is set again
     */
    Activation activate(ActivationRequest request);

    /**
     * Replaces the whole configuration of the active environment, for all of its members. What is attached is resized
     * to the new memory share in the same step. The number of attached devices stays as it is: {@link #attach()} and
     * {@link #detach()} change it. Locks that are held under {@link LockMode#SHARE} grow with the share, and do not shrink with
     * it. The variables of this process follow.
     *
     * @param config the new configuration; parts that are absent in it are absent from then on
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws DevicesUnavailableException if what is attached cannot be resized, or a shared lock that is held on it has no
     *     room for the new share beside the locks of others; the configuration is as before
     */
    void configure(EnvConfig config);

    /**
     * Returns the configuration of the active environment as it is now, whoever changed it. Takes nanoseconds and
     * allocates nothing while nobody changes it.
     *
     * @return the configuration; empty where the inherited environment has ended
     * @throws NotActiveException if no environment is active
     */
    EnvConfig configuration();

    /**
     * Returns the configuration of the active environment as it is now, and makes the variables of this process agree
     * with it. In a task scope there are none, and it is the same as {@link #configuration}.
     *
     * @return the configuration; empty where the inherited environment has ended
     * @throws NotActiveException if no environment is active
     */
    EnvConfig refreshConfiguration();

    /**
     * Configures the active environment, as by {@link #configure}, from the files in {@link #home}: {@code name},
     * {@code gpus} and {@code gpu-memory}. A file that does not exist leaves its part absent; white space around a
     * value does not count.
     *
     * @return the configuration that was loaded
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws DevicesUnavailableException if what is attached cannot be resized; the configuration is as before
     * @throws GenvException if there is no {@code .genv} directory, or one of its files cannot be read or holds no
     *     possible value
     */
    EnvConfig loadConfiguration();

    /**
     * Writes the configuration of the active environment into {@link #home}, or into a new {@code .genv} in the working
     * directory where there is none. A part that is absent removes its file. Each file is replaced atomically.
     *
     * @throws NotActiveException if no environment is active
     * @throws GenvException if a file cannot be written
     */
    void saveConfiguration();

    /**
     * Returns the directory that configurations are loaded from and saved to: {@code .genv} in the working directory,
     * or else in the home directory of the user. It is looked for at every call, and needs no active environment.
     *
     * @return the directory; absent where neither exists
     */
    Optional<Path> home();

    /**
     * Attaches as many devices as the configuration of the active environment says. As {@link #attach(DeviceRequest)}
     * with {@link DeviceRequest#configured()}.
     *
     * @return an unmodifiable list of the indices of all devices that are attached then, ascending
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws DevicesUnavailableException if the devices cannot be had
     */
    default List<Integer> attach() {
        return attach(DeviceRequest.configured());
    }

    /**
     * Attaches devices to the active environment: for a number what is missing from it, for an index that device. Never
     * detaches one. Where everything asked for is attached already nothing changes. The devices are taken under the
     * configured memory share, or whole; the rules of {@link #activate(ActivationRequest)} apply. The variables of this
     * process follow.
     *
     * @param request which devices, and how
     * @return an unmodifiable list of the indices of all devices that are attached then, ascending
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws IllegalArgumentException if the host has no device of the index; the message names those that it has
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed
     * @throws InterruptedWaitException if the thread is interrupted while it waits; its interrupt status is set again
     */
    List<Integer> attach(DeviceRequest request);

    /**
     * Returns the devices that are attached to the active environment now, whoever changed them. Takes nanoseconds and
     * allocates nothing while nobody changes them. The variables of this process are not touched:
     * {@link #refreshAttached} does that.
     *
     * @return an unmodifiable list of indices, ascending; empty where no environment is active or the inherited one has
     *     ended
     */
    List<Integer> attached();

    /**
     * Detaches all devices from the active environment, for all of its members, and ends the locks that they hold on
     * them. The variables of this process follow.
     *
     * @return an unmodifiable list of the indices of the devices that remain attached, which is empty
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     */
    List<Integer> detach();

    /**
     * Detaches a device from the active environment, for all of its members, and ends the locks that they hold on it. One
     * that is not attached to it stays as it is. The variables of this process follow.
     *
     * @param index the index of the device
     * @return an unmodifiable list of the indices of the devices that remain attached, ascending
     * @throws NotActiveException if no environment is active, or the inherited one has ended
     * @throws AccessDeniedException if the environment belongs to another user
     * @throws IllegalArgumentException if the host has no device of the index; the message names those that it has
     */
    List<Integer> detach(int index);

    /**
     * Returns the devices that are attached to the active environment now, and makes the variables of this process
     * ({@code CUDA_VISIBLE_DEVICES}) agree with them. In a task scope there are none, and it is the same as
     * {@link #attached}.
     *
     * @return an unmodifiable list of indices, ascending; empty where the inherited environment has ended
     * @throws NotActiveException if no environment is active
     */
    List<Integer> refreshAttached();

    /**
     * Returns when the {@linkplain ActivationRequest#lease lease} of the active environment ends.
     *
     * @return the end, by the host's clock as it is set now; absent where no environment is active, or it has no lease, or
     *     none any more
     */
    Optional<Instant> leaseEnd();

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
    Instant renewLease(Duration duration);

    /**
     * Locks the attached devices exclusively. As {@link #lock(LockMode)} with {@link LockMode#EXCLUSIVE}.
     *
     * @return the lock, to be closed
     * @throws GenvException if this process holds the environment's devices under {@link LockMode#SHARE}, or devices
     *     attached since an outer lock was taken cannot be added to its hold at once
     */
    default DeviceLock lock() {
        return lock(LockMode.EXCLUSIVE);
    }

    /**
     * Locks all devices that are attached to the active environment, at once, and waits for that without limit.
     * Interruption does not end the wait; the interrupt status is kept.
     *
     * <p>The holder is the pair of process and environment: nested or concurrent locks of the same environment in the
     * same process share one hold, which ends when the last of them is closed. Several processes in one environment
     * exclude each other, and so do several hosts that one process has opened. A shared lock within an exclusive one is granted. An exclusive one within a shared one is
     * refused, since two who hold that would wait for each other for ever. Devices that were attached since the hold
     * began are added to it if they can be had at once. When the environment ends so do its locks.
     *
     * @param mode whole devices, or memory shares of them
     * @return the lock, to be closed; a lock on nothing where no environment is active or it has no device
     * @throws LeaseExpiredException if it has no device because its lease has run out
     * @throws NotActiveException if the environment ends, or this process leaves it, during the call
     * @throws GenvException if the mode is exclusive and this process holds the environment's devices under
     *     {@link LockMode#SHARE}, devices attached since an outer lock was taken cannot be added at once, or all devices
     *     that it waits for are detached
     */
    DeviceLock lock(LockMode mode);

    /**
     * Locks the attached devices exclusively if that is possible at once. As {@link #tryLock(LockMode)} with
     * {@link LockMode#EXCLUSIVE}.
     *
     * @return the lock, to be closed; absent where somebody else holds one of the devices or waits for it
     * @throws GenvException if this process holds the environment's devices under {@link LockMode#SHARE}
     */
    default Optional<DeviceLock> tryLock() {
        return tryLock(LockMode.EXCLUSIVE);
    }

    /**
     * Locks all devices that are attached to the active environment if that is possible at once. Never waits and never
     * overtakes a waiter. Nested locks are as described at {@link #lock(LockMode)}, but devices that cannot be added to
     * an outer hold make it absent.
     *
     * @param mode whole devices, or memory shares of them
     * @return the lock, to be closed; absent where it is not possible at once. A lock on nothing, always present, where
     *     no environment is active or it has no device
     * @throws LeaseExpiredException if it has no device because its lease has run out
     * @throws NotActiveException if the environment ends, or this process leaves it, during the call
     * @throws GenvException if the mode is exclusive and this process holds the environment's devices under
     *     {@link LockMode#SHARE}
     */
    Optional<DeviceLock> tryLock(LockMode mode);

    /**
     * Locks the attached devices exclusively, waiting for a limited time. As {@link #tryLock(LockMode, Duration)} with
     * {@link LockMode#EXCLUSIVE}.
     *
     * @param limit the longest time to wait; zero does not wait
     * @return the lock, to be closed; absent where the time ran out
     * @throws InterruptedException if the thread is interrupted before or while it waits
     * @throws IllegalArgumentException if the limit is negative
     * @throws GenvException if this process holds the environment's devices under {@link LockMode#SHARE}
     */
    default Optional<DeviceLock> tryLock(Duration limit) throws InterruptedException {
        return tryLock(LockMode.EXCLUSIVE, limit);
    }

    /**
     * Locks all devices that are attached to the active environment, waiting for a limited time, first come, first
     * served over all processes. Nested locks are as described at {@link #tryLock(LockMode)}.
     *
     * @param mode whole devices, or memory shares of them
     * @param limit the longest time to wait; zero does not wait, and more than {@link Long#MAX_VALUE} nanoseconds (292
     *     years) waits as long as that
     * @return the lock, to be closed; absent where the time ran out, or an outer hold cannot be added to. A lock on nothing,
     *     always present, where no environment is active or it has no device
     * @throws InterruptedException if the thread is interrupted before or while it waits; its request has left the
     *     queue
     * @throws IllegalArgumentException if the limit is negative
     * @throws LeaseExpiredException if it has no device because its lease has run out
     * @throws NotActiveException if the environment ends, or this process leaves it, during the call
     * @throws GenvException if the mode is exclusive and this process holds the environment's devices under
     *     {@link LockMode#SHARE}, or all devices that it waits for are detached
     */
    Optional<DeviceLock> tryLock(LockMode mode, Duration limit) throws InterruptedException;

    /**
     * Takes a consistent picture of the whole host: environments of all users, devices, who holds and who waits. Writes
     * nothing and keeps nobody waiting. Without a usable backend it shows of the devices what the state knows.
     *
     * @return the picture, which does not follow later changes
     */
    Snapshot snapshot();

    /**
     * Takes the same picture as {@link #snapshot}, as JSON (RFC 8259) in one line, for other programs: {@code version} (the
     * number 1), {@code taken} (when; what is shown is not older), {@code format} ({@link StateFormat}), {@code envs} and {@code devices} with the components of
     * {@link EnvInfo} and {@link DeviceInfo} under their names. The keys are always there and in the same order; what is
     * absent is null. Times are text in UTC ({@link java.time.Instant#toString}), memory is a number of bytes.
     *
     * <p>The schema is {@code docs/snapshot.schema.json} in the sources. A later version of genv may add keys; one that
     * takes a key away or changes its meaning changes the version.
     *
     * @return the picture as JSON
     */
    String snapshotJson();

    /**
     * Runs an operation in an environment of its own: the task scope, for the many tasks of one process.
     *
     * <p>The environment is activated as by {@link #activate(ActivationRequest)}, but bound to the dynamic scope of the
     * operation, through a {@link ScopedValue}, instead of to the process: within it, and in the structured subtasks
     * that inherit scoped values, all operations speak of that environment. No variable of the process is touched, so
     * any number of task scopes can be live at the same time, beside an environment of the process and within each
     * other: the innermost counts. The environment is left when the operation ends, whether it returns or throws.
     *
     * <p>Without an identifier the environment is named {@code <pid>-<number>}. With one that lives, it is joined.
     *
     * <p>A state directory has room for 4,096 environments, 512 device locks and 384 waiting requests at one time. More
     * tasks than there are devices wait here, whatever their number, with {@link ActivationRequest#waitUpTo}.
     *
     * @param <R> the type of the result
     * @param <X> the type of what the operation throws
     * @param request what to activate, and how
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
    <R extends @Nullable Object, X extends Throwable> R call(
            ActivationRequest request, ScopedValue.CallableOp<? extends R, X> op) throws X;

    /**
     * Runs an operation without a result in an environment of its own. As {@link #call}.
     *
     * @param request what to activate, and how
     * @param op the operation
     * @throws AccessDeniedException if the environment of this identifier belongs to another user
     * @throws DevicesUnavailableException if the devices cannot be had, or not in the time allowed; the operation has
     *     not run
     * @throws InterruptedWaitException if the thread is interrupted while it waits for devices; its interrupt status is
     *     set again and the operation has not run
     */
    default void run(ActivationRequest request, Runnable op) {
        Objects.requireNonNull(op, "op");
        this.<@Nullable Void, RuntimeException>call(request, () -> {
            op.run();
            return null;
        });
    }

    /**
     * Ends this host: leaves the environments that were activated through it, releases their locks, and gives every
     * variable back what it held before. Has an effect only the first time.
     */
    @Override
    void close();
}
