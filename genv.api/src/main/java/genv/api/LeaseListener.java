// SPDX-License-Identifier: Apache-2.0
package genv.api;

/**
 * Is told that the lease of an environment is about to end, and that it has ended.
 *
 * <p>It is called on a thread of the host that serves all leases of the process, one call at a time: it should hand longer
 * work on to another thread. What it throws is logged and has no other effect. Whether or not there is a listener, the
 * same is logged as a warning through {@link System.Logger}.
 *
 * @see ActivationRequest#onLeaseEnd
 */
@FunctionalInterface
public interface LeaseListener {
    /**
     * Is called once before each end of a lease, as early as {@link GenvOptions#leaseNotice} says. A lease that is renewed
     * is announced anew before its new end. One that is over before it can be announced is not: of a lease of a few
     * milliseconds, or when the process was stopped, only the end is told.
     *
     * @param lease the lease, which can be renewed
     */
    void leaseEnds(Lease lease);

    /**
     * Is called once for each lease that has run out, when its devices have been taken back: they may be somebody else's by
     * now, and others may have been attached under the next lease. Does nothing by default.
     *
     * @param lease the lease
     */
    default void leaseEnded(Lease lease) {}
}
