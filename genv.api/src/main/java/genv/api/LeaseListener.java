// SPDX-License-Identifier: Apache-2.0
package genv.api;

/**
 * Is told that the lease of an environment is about to end, and that it has ended.
 *
 * <p>It is called on a thread of the host that calls all of its listeners, one at a time, in the order in which things have
 * happened. One that takes long keeps other listeners waiting, but no lease from ending: it should hand longer work on to
 * another thread. What it throws is logged and has no other effect, and an interrupt status that it leaves is cleared. Whether or
 * not there is a listener, the same is logged as a warning through {@link System.Logger}.
 *
 * <p>It is told of the leases of the environment as long as the process is in it, whichever process began or renewed them: of
 * what this process did itself at once; of what another one did within a second, since it looks that often, and so only of
 * what can be seen then: the lease that runs, or the last one if that has run out. Of several that another process began and
 * that were over between two looks, the earlier ones are not told.
 *
 * @see ActivationRequest#onLeaseEnd
 */
@FunctionalInterface
public interface LeaseListener {
    /**
     * Is called once before each end of a lease, as early as {@link GenvOptions#leaseNotice} says. A lease that is renewed
     * is announced anew before its new end. One that is over, or renewed, before the listener can be called is not: of a lease
     * of a few milliseconds, or when the process was stopped or another listener took long, only the end is told.
     *
     * @param lease the lease, which can be renewed
     */
    void leaseEnds(Lease lease);

    /**
     * Is called once for each lease that is known to have run out, when its devices have been taken back: they may be
     * somebody else's by now, and others may have been attached under the next lease. Does nothing by default.
     *
     * @param lease the lease
     */
    default void leaseEnded(Lease lease) {}
}
