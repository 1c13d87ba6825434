// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import genv.core.os.BootClock;
import genv.core.state.CrashPoint;
import java.util.List;

/** Removes what dead processes left: memberships, environments, locks and places in the queue; and ends leases. */
public final class Reaping {
    private Reaping() {}

    /** Removes all that belongs to one process, as if it were dead. */
    public static void removeAll(Draft draft, long token, Lives lives) {
        for (int i = draft.envCount() - 1; i >= 0; i--) {
            EnvBlock block = draft.env(i);
            List<Member> others = block.members().stream()
                    .filter(member -> !isSeatOf(member, token))
                    .toList();
            if (others.size() < block.members().size()) {
                if (others.stream().anyMatch(lives::isAlive)) {
                    draft.put(block.withMembers(others));
                } else {
                    draft.remove(block);
                }
            }
        }
        for (int i = draft.holderCount() - 1; i >= 0; i--) {
            if (draft.holder(i).token() == token) {
                draft.removeHolderAt(i);
            }
        }
        for (int i = draft.waiterCount() - 1; i >= 0; i--) {
            if (draft.waiterToken(i) == token) {
                draft.removeWaiterAt(i);
            }
        }
    }

    private static boolean isSeatOf(Member member, long token) {
        return member.kind() == Member.Kind.SEATED && member.mark() == token;
    }

    /**
     * Removes all that belongs to the dead, and takes back what leases that are over have.
     *
     * @return how many environments have ended or lost their devices, memberships and locks and requests have been removed
     */
    public static int reap(Draft draft, Lives lives) {
        return reapDead(draft, lives) + LeaseRules.expireAll(draft, BootClock::millis);
    }

    private static int reapDead(Draft draft, Lives lives) {
        Lives cached = lives.cached();
        int removed = 0;
        for (int i = draft.envCount() - 1; i >= 0; i--) {
            EnvBlock block = draft.env(i);
            List<Member> alive =
                    block.members().stream().filter(cached::isAlive).toList();
            if (alive.size() == block.members().size() && !alive.isEmpty()) {
                continue;
            }
            CrashPoint.REAPING.reach();
            draft.note(ended(block, alive));
            if (alive.isEmpty()) {
                draft.remove(block);
            } else {
                draft.put(block.withMembers(alive));
            }
            removed++;
        }
        for (int i = draft.holderCount() - 1; i >= 0; i--) {
            if (!cached.isAlive(draft.holder(i).token())) {
                draft.note(released(draft, draft.holder(i)));
                draft.removeHolderAt(i);
                removed++;
            }
        }
        for (int i = draft.waiterCount() - 1; i >= 0; i--) {
            if (!cached.isAlive(draft.waiterToken(i))) {
                draft.note(dequeued(draft.waiter(i)));
                draft.removeWaiterAt(i);
                removed++;
            }
        }
        return removed;
    }

    /** Says that an environment is ended, or that its dead members are taken out. */
    static Note ended(EnvBlock block, List<Member> alive) {
        List<Long> dead = block.members().stream()
                .filter(member -> !alive.contains(member))
                .map(Member::pid)
                .distinct()
                .sorted()
                .toList();
        return alive.isEmpty()
                ? new Note.Reaped(Note.Remains.ENVIRONMENT, block.eid(), block.owner(), dead, block.devices())
                : new Note.Reaped(Note.Remains.MEMBERS, block.eid(), block.owner(), dead, DeviceSet.EMPTY);
    }

    private static Note released(Draft draft, Holder holder) {
        EnvBlock block = draft.find(holder.hash(), holder.env());
        return new Note.Reaped(
                Note.Remains.LOCK,
                block == null ? "" : block.eid(),
                block == null ? null : block.owner(),
                List.of(holder.pid()),
                holder.devices());
    }

    private static Note dequeued(QueuedRequest request) {
        return new Note.Reaped(Note.Remains.REQUEST, request.eid(), null, List.of(request.pid()), DeviceSet.EMPTY);
    }
}
