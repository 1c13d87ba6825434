// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The time for which an environment has its devices, as a {@link LeaseListener} is told of it. May be used from any thread
 * and kept.
 *
 * @see ActivationRequest#lease
 */
public interface Lease {
    /** {@return the identifier of the environment} */
    String eid();

    /** {@return the indices of the devices that it had when the listener was told, ascending; unmodifiable} */
    List<Integer> devices();

    /** {@return when the lease ends or has ended, by the host's clock} */
    Instant end();

    /**
     * Renews the lease, as {@link Activation#renew} does.
     *
     * @param duration how long it is to last from now on, longer than zero
     * @return when it ends then
     * @throws LeaseExpiredException if it has run out already
     * @throws NotActiveException if the environment has ended, or the lease with its last device
     * @throws GenvException if the owner of the host does not allow one that long
     * @throws IllegalArgumentException if the duration is not longer than zero
     */
    Instant renew(Duration duration);
}
