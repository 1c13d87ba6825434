// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * An environment in a {@link Snapshot}. Immutable.
 *
 * @param eid its identifier
 * @param uid the numeric identifier of the user who owns it
 * @param username the name of that user, or the number as text where the host knows no name
 * @param created when it was created, by the host's clock
 * @param config its configuration
 * @param pids its live members, ascending, each once, as seen in the process namespace of each
 * @param devices the indices of the devices attached to it, ascending
 * @param leaseEnd when its {@linkplain ActivationRequest#lease lease} ends, by the host's clock as it was set when the picture
 *     was taken; absent for an environment that has its devices for as long as it lives, or has none
 */
public record EnvInfo(
        String eid,
        long uid,
        String username,
        Instant created,
        EnvConfig config,
        List<Long> pids,
        List<Integer> devices,
        Optional<Instant> leaseEnd) {
    /** Copies both lists. */
    public EnvInfo {
        Objects.requireNonNull(eid, "eid");
        Objects.requireNonNull(username, "username");
        Objects.requireNonNull(created, "created");
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(leaseEnd, "leaseEnd");
        pids = List.copyOf(pids);
        devices = List.copyOf(devices);
    }
}
