// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.draft.Draft;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.state.CrashPoint;
import java.util.List;

/** Removes what dead processes left: memberships, environments, locks and places in the queue. */
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
     * Removes all that belongs to the dead.
     *
     * @return how many environments have ended, memberships and locks and requests have been removed
     */
    public static int reap(Draft draft, Lives lives) {
        Lives cached = lives.cached();
        int removed = 0;
        for (int i = draft.envCount() - 1; i >= 0; i--) {
            EnvBlock block = draft.env(i);
            List<Member> alive =
                    block.members().stream().filter(cached::isAlive).toList();
            if (alive.size() == block.members().size()) {
                continue;
            }
            CrashPoint.REAPING.reach();
            if (alive.isEmpty()) {
                draft.remove(block);
            } else {
                draft.put(block.withMembers(alive));
            }
            removed++;
        }
        for (int i = draft.holderCount() - 1; i >= 0; i--) {
            if (!cached.isAlive(draft.holder(i).token())) {
                draft.removeHolderAt(i);
                removed++;
            }
        }
        for (int i = draft.waiterCount() - 1; i >= 0; i--) {
            if (!cached.isAlive(draft.waiterToken(i))) {
                draft.removeWaiterAt(i);
                removed++;
            }
        }
        return removed;
    }
}
