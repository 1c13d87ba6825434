// SPDX-License-Identifier: Apache-2.0
package genv.api;

/** How much of each attached device a {@link DeviceLock} takes. */
public enum LockMode {
    /** The whole device: no other lock on it is held at the same time. The default. */
    EXCLUSIVE,

    /**
     * The environment's {@linkplain EnvConfig#gpuMemory() memory share} of the device: several holders run together as
     * long as the sum of their shares fits into its memory. An environment without a memory share takes all of the
     * memory, and so shares with nobody.
     *
     * <p>The share is the one that the environment has when the lock is taken, and stays that of the lock: a
     * configuration that changes afterwards counts for the next lock.
     */
    SHARE
}
