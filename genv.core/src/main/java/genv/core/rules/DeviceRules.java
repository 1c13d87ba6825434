// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.MemorySize;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
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
     * Attaches what an environment is missing to reach a number of devices.
     *
     * @param count how many it is to have, or -1 for as many as it is configured to
     * @param ticket the place in the queue of a request that waits, otherwise {@link Long#MAX_VALUE}
     */
    public Outcome<EnvBlock> attach(Draft draft, EnvRules.Key env, int count, boolean overSubscribed, long ticket) {
        EnvBlock block = attachable(draft, env);
        int wanted = count < 0 ? Math.max(EnvBlock.gpus(block.config()), 0) : count;
        return reach(draft, block, wanted, overSubscribed, ticket);
    }

    /** Attaches the device of an index; one that is attached already is left as it is. */
    public Outcome<EnvBlock> attachIndex(
            Draft draft, EnvRules.Key env, int index, boolean overSubscribed, long ticket) {
        EnvBlock block = leases.withoutExpired(draft, attachable(draft, env));
        if (block.devices().contains(index)) {
            return new Outcome.Granted<>(block);
        }
        if (!candidates.eligible().contains(index)) {
            return new Outcome.Never<>(
                    "the device was lost, or this process may not use it any more: index=" + index + " devices="
                            + candidates.eligible() + "; choose another one",
                    1,
                    free(draft, candidates.eligible().minus(block.devices())));
        }
        return grant(draft, block, new DeviceGrant.Wanted(1, 1, overSubscribed, ticket))
                .outOf(DeviceSet.of(index));
    }

    private EnvBlock attachable(Draft draft, EnvRules.Key env) {
        EnvBlock block = EnvRules.require(draft, env);
        caller.mustOwn(block, "attach devices to");
        return block;
    }

    /** The same for an environment that may be a new one: it is put into the draft only if that is granted. */
    Outcome<EnvBlock> reach(Draft draft, EnvBlock had, int count, boolean overSubscribed, long ticket) {
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
        return grant(draft, block, new DeviceGrant.Wanted(missing, count, overSubscribed, ticket))
                .outOf(others);
    }

    private DeviceGrant grant(Draft draft, EnvBlock block, DeviceGrant.Wanted wanted) {
        return new DeviceGrant(caller, candidates, leases, now, draft, block, wanted);
    }

    /** Detaches devices; those that are not attached are passed over. */
    public EnvBlock detach(Draft draft, EnvRules.Key env, DeviceSet devices) {
        EnvBlock block = EnvRules.require(draft, env);
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
        new LimitRules(leases.limits(block), draft, block, 0).requireShare(config);
        return resize(draft, block, config);
    }

    /**
     * The block with another configuration, its attachments resized: also where that is configured already and only the
     * attachments differ, as Genv leaves them.
     *
     * @throws DevicesUnavailableException if one of its devices has no room for the new share
     */
    public static EnvBlock resize(Draft draft, EnvBlock block, EnvConfig config) {
        long after = EnvBlock.share(config);
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
        draft.resizing(block);
        return block.withConfig(config);
    }

    static DeviceSet free(Draft draft, DeviceSet set) {
        DeviceSet result = DeviceSet.EMPTY;
        for (int i = set.next(0); i >= 0; i = set.next(i + 1)) {
            if (draft.population(i) == 0) {
                result = result.with(i);
            }
        }
        return result;
    }

    static String share(long bytes) {
        return bytes == EnvBlock.WHOLE ? "whole" : MemorySize.ofBytes(bytes).toString();
    }
}
