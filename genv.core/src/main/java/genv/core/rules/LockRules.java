// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;

/** Locking devices: all of them in one transition, or none. */
public final class LockRules {
    private final Caller caller;
    private final long now;

    public LockRules(Caller caller, long now) {
        this.caller = caller;
        this.now = now;
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
                && isFree(draft, added, held.memory(), held.id());
        if (free) {
            draft.replaceHolder(now.withDevices(now.devices().union(added)));
        }
        return free;
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
