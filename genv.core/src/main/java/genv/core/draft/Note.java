// SPDX-License-Identifier: Apache-2.0
package genv.core.draft;

import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.QueuedRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an edit has come upon that the operator of the host should know. It is told after the run that wrote it was published,
 * since a run that was not has not happened.
 */
public sealed interface Note {
    /** Things that dead processes leave. */
    enum Remains {
        /** An environment without a living member. */
        ENVIRONMENT,
        /** Memberships of an environment that others are still in. */
        MEMBERS,
        /** The devices of a lease that is over: its environment may live. */
        LEASE,
        /** A lock that was held in an environment that others are still in. */
        LOCK,
        /** A place in the queue. */
        REQUEST
    }

    /**
     * Something that dead processes left was removed, or what a lease had that is over.
     *
     * @param owner the owner of the environment, if that is known
     * @param pids the dead processes, or the members of the environment, each in its own pid namespace
     * @param freed the devices that are not attached, or not locked, any more
     */
    record Reaped(Remains what, String eid, EnvBlock.@Nullable Owner owner, List<Long> pids, DeviceSet freed)
            implements Note {}

    /** A request in front was passed over, since it could be served and is not taken up. */
    record PassedOver(QueuedRequest request) implements Note {}

    /** Devices were not given, since others have them under indices that are other devices' by now. */
    record Renumbered(DeviceSet devices) implements Note {}
}
