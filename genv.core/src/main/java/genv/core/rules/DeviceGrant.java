// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.MemorySize;
import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.QueuedRequest;
import org.jspecify.annotations.Nullable;

/**
 * The decision on one request for devices in one draft: what the owner of the host allows, who was there before, what has
 * room, and at last what a policy chooses. The environment is put into the draft only if that is granted.
 */
final class DeviceGrant {
    private final Caller caller;
    private final Candidates candidates;
    private final LeaseRules leases;
    private final long now;
    private final Draft draft;
    private final EnvBlock block;
    private final Wanted wanted;

    /** Null where the owner of the host limits nothing. */
    private final @Nullable LimitRules limits;

    /**
     * What is asked for.
     *
     * @param missing how many more devices
     * @param asked how many the request spoke of, for messages
     * @param ticket the place in the queue, or {@link Long#MAX_VALUE}
     */
    record Wanted(int missing, int asked, boolean overSubscribed, long ticket) {}

    DeviceGrant(
            Caller caller,
            Candidates candidates,
            LeaseRules leases,
            long now,
            Draft draft,
            EnvBlock block,
            Wanted wanted) {
        this.caller = caller;
        this.candidates = candidates;
        this.leases = leases;
        this.now = now;
        this.draft = draft;
        this.block = block;
        this.wanted = wanted;
        Limits limited = leases.limits(block);
        this.limits = limited.equals(Limits.NONE) ? null : new LimitRules(limited, draft, block, wanted.ticket());
    }

    /** Gives what is missing out of a set of devices. */
    Outcome<EnvBlock> outOf(DeviceSet all) {
        DeviceSet renumbered = renumbered(all);
        DeviceSet from = renumbered.isEmpty() ? all : all.minus(renumbered);
        if (from.size() < wanted.missing()) {
            return never(
                    "devices are in use under an index that is another device's by now: indices=" + renumbered
                            + "; the host was renumbered (MIG instances were made or removed): end the environments"
                            + " that have them",
                    DeviceRules.free(draft, from));
        }
        LimitRules.Refusal refusal = limits == null ? null : limits.refusal(from, wanted.missing(), candidates);
        if (refusal != null) {
            return refused(refusal);
        }
        DeviceSet waitedFor = Queue.waitedFor(draft, wanted.ticket(), QueuedRequest.Kind.DEVICES);
        return wanted.overSubscribed() ? overSubscribe(from, waitedFor) : reserve(from, waitedFor);
    }

    private Outcome<EnvBlock> overSubscribe(DeviceSet from, DeviceSet waitedFor) {
        return granted(placement().leastPopulated(block, affordable(from), wanted.missing(), waitedFor));
    }

    private Outcome<EnvBlock> reserve(DeviceSet from, DeviceSet waitedFor) {
        int missing = wanted.missing();
        Placement placement = placement();
        DeviceSet possible = placement.largeEnough(from);
        if (possible.size() < missing) {
            return never(tooSmall(from), DeviceRules.free(draft, from));
        }
        if (Queue.isAnyLimitedBefore(draft, block.owner().uid(), wanted.ticket())) {
            return refused(new LimitRules.Refusal(
                    "an earlier request of the user is about to be served: user="
                            + block.owner().username() + " uid=" + block.owner().uid(),
                    LimitRules.Until.SERVED_BEFORE));
        }
        DeviceSet room = affordable(placement.withRoom(possible).minus(waitedFor));
        if (room.size() < missing) {
            return new Outcome.Busy<>(request(affordable(possible)), wanted.asked(), room);
        }
        return granted(placement.choose(block, room, missing));
    }

    private Placement placement() {
        return new Placement(draft, candidates, block.gpuMemory());
    }

    /** Those of a set of which any so many as are missing are allowed together. */
    private DeviceSet affordable(DeviceSet set) {
        return limits == null ? set : limits.affordable(set, wanted.missing(), candidates);
    }

    private Outcome<EnvBlock> granted(DeviceSet chosen) {
        for (int i = chosen.next(0); i >= 0; i = chosen.next(i + 1)) {
            draft.describe(i, candidates.total(i), candidates.uuidHash(i));
        }
        EnvBlock larger = leases.begun(block, block.withDevices(chosen, wanted.overSubscribed(), now));
        draft.put(larger);
        return new Outcome.Granted<>(larger);
    }

    /**
     * What the owner of the host does not allow. What only others of the user's environments and requests are in the way of
     * may wait; it waits for no device, so that no other user stands behind it.
     */
    private Outcome<EnvBlock> refused(LimitRules.Refusal refusal) {
        if (refusal.until() == LimitRules.Until.EVER) {
            return never(refusal.reason() + "; ask for less", DeviceSet.EMPTY);
        }
        if (refusal.until() == LimitRules.Until.SERVED_BEFORE) {
            Queue.askWhoIsBefore(draft, block.owner().uid(), wanted.ticket());
        }
        return new Outcome.Busy<>(request(DeviceSet.EMPTY), wanted.asked(), DeviceSet.EMPTY, refusal.reason());
    }

    private Outcome<EnvBlock> never(String reason, DeviceSet free) {
        return new Outcome.Never<>(reason, wanted.asked(), free);
    }

    private QueuedRequest request(DeviceSet devices) {
        long env = block.id() == draft.nextVersion() ? 0 : block.id(); // a new one has no identity yet
        return new QueuedRequest(
                wanted.ticket(),
                caller.asks(block, env),
                QueuedRequest.Kind.DEVICES,
                now,
                devices,
                wanted.missing(),
                block.gpuMemory());
    }

    /** Those that others have, but as another device than the one that has the index now. */
    private DeviceSet renumbered(DeviceSet set) {
        DeviceSet result = DeviceSet.EMPTY;
        for (int i = set.next(0); i >= 0; i = set.next(i + 1)) {
            int known = draft.uuidHash(i);
            if (draft.population(i) > 0 && known != 0 && known != candidates.uuidHash(i)) {
                result = result.with(i);
            }
        }
        if (!result.isEmpty()) {
            draft.note(new Note.Renumbered(result));
        }
        return result;
    }

    private String tooSmall(DeviceSet from) {
        long largest = -1;
        for (int i = from.next(0); i >= 0; i = from.next(i + 1)) {
            largest = Math.max(largest, candidates.total(i));
        }
        return "too few devices have that much memory: asked=" + wanted.missing() + " gpu_memory="
                + DeviceRules.share(block.gpuMemory()) + " largest_device="
                + (largest < 0 ? "unknown" : MemorySize.ofBytes(largest).toString())
                + "; ask for less memory, or over-subscribe";
    }
}
