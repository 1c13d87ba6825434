// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.peer;

/**
 * The operations that are measured, on a shared state of another kind.
 *
 * <p>Each one is atomic for other processes and lasting until its opposite, as genv's are. None looks for dead
 * processes, checks permissions or waits in order, so a peer does less than genv.
 */
public interface Peer extends AutoCloseable {
    /** Devices of the simulated host. */
    int DEVICES = 8;

    /** Adds an environment and attaches as many devices to it. */
    void activate(String eid, int gpus);

    /** Removes an environment and what it has. */
    void leave(String eid);

    /** Attaches as many free devices. */
    void attach(String eid, int gpus);

    /** Detaches all devices. */
    void detach(String eid);

    /** Locks the environment's devices, none of which is locked. */
    void lock(String eid);

    /** Unlocks the environment's devices. */
    void unlock(String eid);

    /** {@return the number of environments and attachments, all of which were read} */
    int snapshot();

    @Override
    void close();

    /** Adds environments without devices. */
    default void populate(int environments) {
        for (int i = 0; i < environments; i++) {
            activate("live-" + i, 0);
        }
    }
}
