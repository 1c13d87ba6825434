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
     * <p>The share is the one that the environment has when the lock is taken. A larger one that is {@linkplain
     * GenvHost#configure configured} meanwhile is that of the lock from then on, in all processes of the environment; where
     * there is no room for it beside the locks of others, the configuration is refused. A smaller one counts for the next lock,
     * since what runs under this one may use that much.
     */
    SHARE
}
