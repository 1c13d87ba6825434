// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.MemorySize;
import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.QueuedRequest;
import java.util.List;

/** Attaching devices to an environment, detaching and resizing them. */
public final class DeviceRules {
    private final Caller caller;
    private final Candidates candidates;
    private final long now;
    private final LeaseRules leases;

    public DeviceRules(Caller caller, Candidates candidates, long now) {
        this(caller, candidates, now, LeaseRules.unlimited());
    }

    public DeviceRules(Caller caller, Candidates candidates, long now, LeaseRules leases) {
        this.caller = caller;
        this.candidates = candidates;
        this.now = now;
        this.leases = leases;
    }

    /**
     * Attaches what is missing to reach a number of devices. The block, which may be a new one, is put into the draft only if
     * that is granted.
     *
     * @param ticket the place in the queue of a request that waits, otherwise {@link Long#MAX_VALUE}
     */
    public Outcome<EnvBlock> attach(Draft draft, EnvBlock had, int count, boolean overSubscribed, long ticket) {
        EnvBlock block = leases.withoutExpired(draft, had);
        DeviceSet others = candidates.eligible().minus(block.devices());
        int missing = count - block.devices().size();
        if (missing <= 0) {
            draft.put(block);
            return new Outcome.Granted<>(block);
        }
        if (missing > others.size()) {
            return new Outcome.Never<>(
                    "more devices are asked for than there are: asked=" + count + " devices="
                            + (others.size() + block.devices().size()) + "; ask for fewer",
                    count,
                    free(draft, others));
        }
        return give(draft, block, others, missing, count, overSubscribed, ticket);
    }

    /** Attaches the device of an index; one that is attached already is left as it is. */
    public Outcome<EnvBlock> attachIndex(Draft draft, EnvBlock had, int index, boolean overSubscribed, long ticket) {
        EnvBlock block = leases.withoutExpired(draft, had);
        if (block.devices().contains(index)) {
            return new Outcome.Granted<>(block);
        }
        return give(draft, block, DeviceSet.of(index), 1, 1, overSubscribed, ticket);
    }

    private Outcome<EnvBlock> give(
            Draft draft, EnvBlock block, DeviceSet all, int missing, int asked, boolean overSubscribed, long ticket) {
        DeviceSet renumbered = renumbered(draft, all);
        if (!renumbered.isEmpty()) {
            draft.note(new Note.Renumbered(renumbered));
        }
        DeviceSet from = renumbered.isEmpty() ? all : all.minus(renumbered);
        if (from.size() < missing) {
            return new Outcome.Never<>(
                    "devices are in use under an index that is another device's by now: indices=" + renumbered
                            + "; the host was renumbered (MIG instances were made or removed): end the environments"
                            + " that have them",
                    asked,
                    free(draft, from));
        }
        LimitRules limits = new LimitRules(leases.limits(block), draft, block);
        LimitRules.Refusal refusal = limits.moreDevices(missing);
        if (refusal == null) {
            refusal = limits.wholeDevices(from, missing, candidates);
        }
        if (refusal != null) {
            return refused(draft, block, refusal, missing, asked, ticket);
        }
        Placement placement = new Placement(draft, candidates, block.gpuMemory());
        DeviceSet waitedFor = Queue.waitedFor(draft, ticket, QueuedRequest.Kind.DEVICES);
        DeviceSet chosen;
        if (overSubscribed) {
            chosen = placement.leastPopulated(block, limits.affordable(from, missing, candidates), missing, waitedFor);
        } else {
            DeviceSet possible = placement.largeEnough(from);
            if (possible.size() < missing) {
                return new Outcome.Never<>(tooSmall(block, from, missing), asked, free(draft, from));
            }
            DeviceSet room = limits.affordable(placement.withRoom(possible).minus(waitedFor), missing, candidates);
            if (room.size() < missing) {
                DeviceSet waited = limits.affordable(possible, missing, candidates);
                return new Outcome.Busy<>(request(draft, block, waited, missing, ticket), asked, room);
            }
            chosen = placement.choose(block, room, missing);
        }
        for (int i = chosen.next(0); i >= 0; i = chosen.next(i + 1)) {
            draft.describe(i, candidates.total(i), candidates.uuidHash(i));
        }
        EnvBlock larger = leases.begun(block, block.withDevices(chosen, overSubscribed, now));
        draft.put(larger);
        return new Outcome.Granted<>(larger);
    }

    /**
     * What the owner of the host does not allow. What only others of the user's environments are in the way of may wait; it
     * waits for no device, so that nobody stands behind it.
     */
    private Outcome<EnvBlock> refused(
            Draft draft, EnvBlock block, LimitRules.Refusal refusal, int missing, int asked, long ticket) {
        return refusal.isForEver()
                ? new Outcome.Never<>(refusal.reason() + "; ask for less", asked, DeviceSet.EMPTY)
                : new Outcome.Busy<>(
                        request(draft, block, DeviceSet.EMPTY, missing, ticket),
                        asked,
                        DeviceSet.EMPTY,
                        refusal.reason());
    }

    /** Detaches devices; those that are not attached are passed over. */
    public EnvBlock detach(Draft draft, EnvBlock block, DeviceSet devices) {
        caller.mustOwn(block, "detach devices from");
        if (!block.devices().intersects(devices)) {
            return block;
        }
        EnvBlock smaller = block.withoutDevices(devices);
        draft.put(smaller);
        LockRules.releaseDevices(draft, block.id(), devices);
        return smaller;
    }

    /**
     * The block with another configuration, its attachments resized, as far as the owner of the host allows.
     *
     * @throws DevicesUnavailableException if one of its devices has no room for the new share, or it is not allowed
     */
    EnvBlock resizeAllowed(Draft draft, EnvBlock block, EnvConfig config) {
        new LimitRules(leases.limits(block), draft, block).requireShare(config);
        return resize(draft, block, config);
    }

    /**
     * The block with another configuration, its attachments resized.
     *
     * @throws DevicesUnavailableException if one of its devices has no room for the new share
     */
    public static EnvBlock resize(Draft draft, EnvBlock block, EnvConfig config) {
        long after = EnvBlock.share(config);
        if (after == block.gpuMemory()) {
            return block.withConfig(config);
        }
        for (int i = 0; i < block.attachmentCount(); i++) {
            long attachment = block.attachment(i);
            int index = EnvBlock.index(attachment);
            long before = draft.share(block, index);
            if (after == before || (before != EnvBlock.WHOLE && after != EnvBlock.WHOLE && after < before)) {
                continue; // it has that much
            }
            DeviceUse use = draft.use(index);
            long others = use.reserved() - (before == EnvBlock.WHOLE ? 0 : EnvBlock.counted(before));
            boolean fits;
            if (after == EnvBlock.WHOLE) {
                fits = use.population() == 1;
            } else if (before == EnvBlock.WHOLE) {
                fits = use.total() < 0 || after <= use.total(); // less than the whole that it has
            } else {
                fits = use.whole() == 0 && use.total() >= 0 && others <= use.total() - after;
            }
            if (!fits && !EnvBlock.isOverSubscribed(attachment)) {
                throw new DevicesUnavailableException(
                        "the new share does not fit beside the others on a device: eid=" + block.eid() + " device="
                                + index + " asked=" + share(after) + " reserved_by_others="
                                + MemorySize.ofBytes(others) + " environments=" + use.population()
                                + " total="
                                + (use.total() < 0
                                        ? "unknown"
                                        : MemorySize.ofBytes(use.total()).toString())
                                + "; nothing was changed: ask for less, or detach the device first",
                        block.attachmentCount(),
                        List.of(),
                        List.of());
            }
        }
        return block.withConfig(config);
    }

    private QueuedRequest request(Draft draft, EnvBlock block, DeviceSet devices, int missing, long ticket) {
        long env = block.id() == draft.nextVersion() ? 0 : block.id(); // a new one has no identity yet
        return new QueuedRequest(
                ticket,
                caller.token(),
                env,
                caller.pid(),
                QueuedRequest.Kind.DEVICES,
                now,
                devices,
                block.eid(),
                missing,
                block.gpuMemory());
    }

    /** Those that others have, but as another device than the one that has the index now. */
    private DeviceSet renumbered(Draft draft, DeviceSet set) {
        DeviceSet result = DeviceSet.EMPTY;
        for (int i = set.next(0); i >= 0; i = set.next(i + 1)) {
            int known = draft.uuidHash(i);
            if (draft.population(i) > 0 && known != 0 && known != candidates.uuidHash(i)) {
                result = result.with(i);
            }
        }
        return result;
    }

    private static DeviceSet free(Draft draft, DeviceSet set) {
        DeviceSet result = DeviceSet.EMPTY;
        for (int i = set.next(0); i >= 0; i = set.next(i + 1)) {
            if (draft.population(i) == 0) {
                result = result.with(i);
            }
        }
        return result;
    }

    private String tooSmall(EnvBlock block, DeviceSet from, int missing) {
        long largest = -1;
        for (int i = from.next(0); i >= 0; i = from.next(i + 1)) {
            largest = Math.max(largest, candidates.total(i));
        }
        return "too few devices have that much memory: asked=" + missing + " gpu_memory=" + share(block.gpuMemory())
                + " largest_device="
                + (largest < 0 ? "unknown" : MemorySize.ofBytes(largest).toString())
                + "; ask for less memory, or over-subscribe";
    }

    private static String share(long bytes) {
        return bytes == EnvBlock.WHOLE ? "whole" : MemorySize.ofBytes(bytes).toString();
    }
}
