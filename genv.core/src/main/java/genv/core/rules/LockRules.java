// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.DevicesUnavailableException;
import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import genv.core.os.BootClock;
import java.util.List;

/** Locking devices: all of them in one transition, or none. */
public final class LockRules {
    private final Caller caller;
    private final long now;

    public LockRules(Caller caller, long now) {
        this.caller = caller;
        this.now = now;
    }

    /**
     * Locks all devices that an environment has at that moment; where it has none, nothing, with the identity 0.
     *
     * @param ticket the place in the queue of a request that waits, otherwise {@link Long#MAX_VALUE}
     */
    public Outcome<Holder> lock(Draft draft, EnvRules.Key env, LockMode mode, long ticket) {
        EnvBlock block = caller.mustBeIn(draft.find(env.hash(), env.id()), env.eid());
        if (LeaseRules.hasExpired(block) || LeaseRules.isOver(block, BootClock::millis)) {
            throw LeaseRules.expired(block, BootClock::millis);
        }
        if (!block.devices().isEmpty()) {
            return lock(draft, block, block.devices(), mode, ticket);
        }
        if (ticket != Long.MAX_VALUE) { // it had some, or it would not wait
            throw detached(env.eid());
        }
        return new Outcome.Granted<>(
                new Holder(0, env.id(), env.hash(), caller.token(), caller.pid(), mode, 0, 0, DeviceSet.EMPTY));
    }

    /** What a request throws that lost all of its devices while it waited to lock them. */
    public static GenvException detached(String eid) {
        return new GenvException(
                "all devices of the environment were detached while a request waited to lock them: eid=" + eid
                        + "; attach devices and lock these, or go on without");
    }

    /**
     * Locks devices that an environment has.
     *
     * @param ticket the place in the queue of a request that waits, otherwise {@link Long#MAX_VALUE}
     */
    public Outcome<Holder> lock(Draft draft, EnvBlock block, DeviceSet devices, LockMode mode, long ticket) {
        QueuedRequest.Kind kind =
                mode == LockMode.SHARE ? QueuedRequest.Kind.SHARED_LOCK : QueuedRequest.Kind.EXCLUSIVE_LOCK;
        long share = mode == LockMode.SHARE ? block.gpuMemory() : EnvBlock.WHOLE;
        DeviceSet waitedFor = Queue.waitedFor(draft, ticket, kind);
        if (waitedFor.intersects(devices) || !isFree(draft, devices, share, 0)) {
            QueuedRequest request = new QueuedRequest(
                    ticket, caller.asks(block, block.id()), kind, now, devices, devices.size(), share);
            return new Outcome.Busy<>(request, devices.size(), DeviceSet.EMPTY);
        }
        Holder holder = new Holder(
                draft.nextVersion(), block.id(), block.hash(), caller.token(), caller.pid(), mode, share, now, devices);
        draft.addHolder(holder);
        return new Outcome.Granted<>(holder);
    }

    /** Adds devices to a lock that is held, if they can be had at once. */
    public boolean extend(Draft draft, Holder held, DeviceSet added) {
        QueuedRequest.Kind kind =
                held.mode() == LockMode.SHARE ? QueuedRequest.Kind.SHARED_LOCK : QueuedRequest.Kind.EXCLUSIVE_LOCK;
        Holder now = draft.findHolder(held.id());
        if (now == null) {
            return false; // the environment has ended
        }
        boolean free = !Queue.waitedFor(draft, Long.MAX_VALUE, kind).intersects(added)
                && isFree(draft, added, now.memory(), now.id());
        if (free) {
            draft.replaceHolder(now.withDevices(now.devices().union(added)));
        }
        return free;
    }

    /**
     * Lets the shared locks of an environment grow with its share, so that what runs under them is counted. A smaller share
     * leaves them as they are: what was started under them uses that much.
     *
     * @throws DevicesUnavailableException if there is no room beside other locks
     */
    static void grow(Draft draft, EnvBlock block) {
        long share = block.gpuMemory();
        for (int i = 0; i < draft.holderCount(); i++) {
            Holder holder = draft.holder(i);
            if (holder.env() != block.id()
                    || holder.memory() == EnvBlock.WHOLE
                    || (share != EnvBlock.WHOLE && share <= holder.memory())) {
                continue;
            }
            if (!isFree(draft, holder.devices(), share, holder.id())) {
                throw new DevicesUnavailableException(
                        "a shared lock of the environment cannot grow to the new share beside the locks of others: eid="
                                + block.eid() + " pid=" + holder.pid() + " devices=" + holder.devices() + " locked="
                                + DeviceRules.share(holder.memory()) + " asked=" + DeviceRules.share(share)
                                + "; nothing was changed: close the lock before, or ask for less",
                        block.attachmentCount(),
                        List.of(),
                        List.of());
            }
            draft.replaceHolder(holder.withMemory(share));
        }
    }

    /** Gives up the locks of an environment on devices that it does not have any more. */
    static void releaseDevices(Draft draft, long env, DeviceSet devices) {
        for (int i = draft.holderCount() - 1; i >= 0; i--) {
            Holder holder = draft.holder(i);
            if (holder.env() == env && holder.devices().intersects(devices)) {
                DeviceSet rest = holder.devices().minus(devices);
                if (rest.isEmpty()) {
                    draft.removeHolderAt(i);
                } else {
                    draft.replaceHolder(holder.withDevices(rest));
                }
            }
        }
    }

    /** Releases what a member that leaves an environment has locked in it. */
    static void releaseAll(Draft draft, long env, Member member) {
        for (int i = draft.holderCount() - 1; i >= 0; i--) {
            Holder holder = draft.holder(i);
            if (holder.env() == env && member.kind() == Member.Kind.SEATED && holder.token() == member.mark()) {
                draft.removeHolderAt(i);
            }
        }
    }

    /** Whether no other holder is in the way. {@code share} of each device is wanted, or the whole device. */
    static boolean isFree(Draft draft, DeviceSet devices, long share, long ownHolder) {
        for (int i = 0; i < draft.holderCount(); i++) {
            Holder other = draft.holder(i);
            if (other.id() != ownHolder && other.devices().intersects(devices)) {
                if (share == EnvBlock.WHOLE || other.memory() == EnvBlock.WHOLE) {
                    return false;
                }
                if (!sharesFit(draft, other.devices().intersect(devices), share, ownHolder)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean sharesFit(Draft draft, DeviceSet devices, long share, long ownHolder) {
        for (int d = devices.next(0); d >= 0; d = devices.next(d + 1)) {
            DeviceUse use = draft.use(d);
            long sum = share;
            for (int i = 0; i < draft.holderCount(); i++) {
                Holder other = draft.holder(i);
                if (other.id() != ownHolder && other.devices().contains(d)) {
                    sum = saturatedSum(sum, other.memory());
                }
            }
            if (sum > use.total()) {
                return false;
            }
        }
        return true;
    }

    private static long saturatedSum(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }
}
