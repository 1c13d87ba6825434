// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.EnvConfig;
import genv.api.LockMode;
import genv.api.StateFormat;
import genv.core.draft.Edit;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.rules.Caller;
import genv.core.rules.Candidates;
import genv.core.rules.EnvRules;
import genv.core.rules.Lives;
import genv.core.rules.Outcome;
import genv.core.waiting.WaitLimit;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The operations on the state of one host, from one process. Thread-safe; every operation is done whole or not at all,
 * whatever dies on the way.
 */
public interface Store extends AutoCloseable {
    /** This process, as the state knows it. */
    Caller caller();

    /** What tells the present state from all others: as long as it is the same, so is the state. Costs next to nothing. */
    long rootAcquire();

    /** Reads the state. The edit must not change it. */
    <T extends @Nullable Object> T read(Edit<T> edit);

    /**
     * The same, waiting for the state no longer than a limit says where it is to be waited for at all.
     *
     * @throws TimeoutException if it could not be read within the limit
     */
    default <T extends @Nullable Object> T read(Edit<T> edit, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        return read(edit);
    }

    /** How it is kept, and so what it can hold. */
    StateFormat format();

    /**
     * Locks of other processes that are not in the state but can be seen; for pictures of the host only.
     *
     * @param envs the environments of the picture
     * @param shown the locks that are in it already
     */
    default List<Holder> foreignHolders(List<EnvBlock> envs, List<Holder> shown) {
        return List.of();
    }

    /** Who lives, asking about each process once. */
    Lives livesCached();

    // ---- environments ----------------------------------------------------------------------------------------------

    /** Creates an environment with the devices that it asks for, or joins the one of that identifier. */
    Outcome<EnvBlock> activate(EnvRules.Activation asked, Candidates candidates, WaitLimit limit)
            throws InterruptedException;

    /** Takes a membership away; true if the environment has ended with it. */
    boolean leave(EnvRules.Key env, Member member);

    /** Replaces the configuration and resizes what is attached. */
    EnvBlock configure(EnvRules.Key env, EnvConfig config);

    /** Makes another process a member. */
    void adopt(EnvRules.Key env, Member member);

    // ---- devices ---------------------------------------------------------------------------------------------------

    /** Attaches what is missing to reach a number of devices; a negative number means the configured one. */
    Outcome<EnvBlock> attach(
            EnvRules.Key env, int count, boolean overSubscribed, Candidates candidates, WaitLimit limit)
            throws InterruptedException;

    /** Attaches the device of an index. */
    Outcome<EnvBlock> attachIndex(
            EnvRules.Key env, int index, boolean overSubscribed, Candidates candidates, WaitLimit limit)
            throws InterruptedException;

    /** Detaches devices, those of the set that are attached. */
    EnvBlock detach(EnvRules.Key env, DeviceSet devices);

    // ---- leases ----------------------------------------------------------------------------------------------------

    /** Lets the lease of an environment last so many milliseconds from now on. */
    EnvBlock renew(EnvRules.Key env, long millis);

    /** Takes the devices of an environment back if its lease is over; the environment as it is then, null if it has ended. */
    @Nullable
    EnvBlock expire(EnvRules.Key env);

    // ---- locks -----------------------------------------------------------------------------------------------------

    /** Locks the devices that the environment has at that moment; a lock on none has the identity 0. */
    Outcome<Holder> lock(EnvRules.Key env, LockMode mode, WaitLimit limit) throws InterruptedException;

    /** Adds devices to a lock, if they can be had at once. */
    boolean extend(Holder held, DeviceSet added);

    void unlock(Holder held);

    // ---- the dead --------------------------------------------------------------------------------------------------

    /** Removes what dead processes left; the number of things removed. */
    int reap();

    /** Wakes whoever waits here, removes what this process holds, gives its seat up and closes the files. */
    @Override
    void close();
}
