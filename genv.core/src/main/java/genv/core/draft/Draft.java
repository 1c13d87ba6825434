// SPDX-License-Identifier: Apache-2.0
package genv.core.draft;

import genv.api.GenvException;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import org.jspecify.annotations.Nullable;

/**
 * The state at one version, as a transition reads and edits it. Belongs to one thread and to one run of one {@link Edit}.
 *
 * <p>What it says is consistent, and nothing of the edit is visible to anybody before the transition is published.
 */
public interface Draft {
    /** What tells this state from all others: as long as it is the same, nothing has changed. */
    long root();

    /** The version of the state that is read. */
    long version();

    /** The version that the transition will publish: unique, so it serves as identity of what is created. */
    default long nextVersion() {
        return version() + 1;
    }

    // ---- environments ----------------------------------------------------------------------------------------------

    int envCount();

    EnvBlock env(int position);

    @Nullable
    EnvBlock find(String eid);

    /** The environment of that identity, found through the hash of its identifier. */
    @Nullable
    EnvBlock find(int hash, long id);

    /**
     * Adds an environment, or replaces the one of the same identifier, and accounts for what its devices reserve.
     *
     * @throws GenvException if there are too many
     */
    void put(EnvBlock block);

    /** Removes an environment with its devices, its locks and its requests. */
    void remove(EnvBlock block);

    // ---- devices ---------------------------------------------------------------------------------------------------

    /** How many device rows there are: the highest index ever attached, plus one. */
    int deviceCount();

    DeviceUse use(int index);

    /** How many environments have a device. */
    default int population(int index) {
        return use(index).population();
    }

    /** What an environment reserves of a device that it has, bytes, or {@link EnvBlock#WHOLE}. */
    default long share(EnvBlock block, int index) {
        return block.gpuMemory();
    }

    /**
     * Says that an environment, when it is put next, is to reserve what it is configured to of each device that it has. Without
     * an effect where it always does.
     */
    default void resizing(EnvBlock block) {}

    /** Records what the backend says of a device that is about to be attached. */
    void describe(int index, long totalMemory, int uuidHash);

    /** The hash of the UUID that a device had when it was last attached; 0 for one that never was, or if it is not known. */
    int uuidHash(int index);

    /** Says that devices could not be given to those who wait for them until now, as if they had just been freed. */
    void withhold(DeviceSet devices);

    /** How long ago something of a device was freed while somebody waited, to about 64 ms. */
    long millisSinceFreed(int index, long now);

    // ---- lock holders ----------------------------------------------------------------------------------------------

    int holderCount();

    Holder holder(int position);

    /**
     * Adds a lock.
     *
     * @throws GenvException if there are too many
     */
    void addHolder(Holder holder);

    /** The holder of an identity, or null if it is not held any more. */
    @Nullable
    Holder findHolder(long id);

    /** Replaces the holder of the same identity, which must be held. */
    void replaceHolder(Holder holder);

    /** Releases a lock; false if it is not held any more. */
    boolean removeHolder(long id);

    void removeHolderAt(int position);

    // ---- the queue -------------------------------------------------------------------------------------------------

    int waiterCount();

    QueuedRequest waiter(int position);

    QueuedRequest.Kind waiterKind(int position);

    DeviceSet waiterDevices(int position);

    long waiterTicket(int position);

    long waiterSince(int position);

    /** How many devices the request at a position needs. */
    int waiterCount(int position);

    /** What it needs of each device. */
    long waiterShare(int position);

    long waiterToken(int position);

    /** The user to whom the environment of the request at a position belongs. */
    long waiterUid(int position);

    /** How long ago its process was {@linkplain #askWaiter asked} for a sign of life, to about 64 ms; -1 if it was not. */
    long millisSinceAsked(int position, long now);

    /** Asks the process of the request at a position for a sign of life: it gives one by {@linkplain #enqueue trying again}. */
    void askWaiter(int position, long now);

    /**
     * Puts a request into its place in the queue. One that is there already is replaced.
     *
     * @throws GenvException if there are too many
     */
    void enqueue(QueuedRequest request);

    /** Whether a request stands in the queue just so, and its process is not asked for a sign of life. */
    boolean isQueued(QueuedRequest request);

    /** Takes a request out of the queue; false if it is not there. */
    boolean dequeue(long ticket);

    void removeWaiterAt(int position);

    /** Whether a request is in the queue and nobody comes before it. */
    boolean isFirstInLine(long ticket);

    /**
     * The tickets of a token that should look at the state when something has changed: those that nobody comes before, and those that
     * wait for a lock on what their environment does not have any more, or not yet.
     */
    long[] ticketsToCall(long token);

    // ---- what the operator should know -----------------------------------------------------------------------------

    /** Has something told, should this run be published. */
    void note(Note note);
}
