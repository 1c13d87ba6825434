// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.draft.Liveness;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** Tells which members live. */
public final class Lives {
    private final long ownToken;
    private final Liveness seats;
    private final Predicate<Member> adopted;

    /** {@code adopted}: whether an adopted member, which has no seat, lives. */
    public Lives(long ownToken, Liveness seats, Predicate<Member> adopted) {
        this.ownToken = ownToken;
        this.seats = seats;
        this.adopted = adopted;
    }

    public boolean isAlive(EnvBlock block) {
        for (Member member : block.members()) {
            if (isAlive(member)) {
                return true;
            }
        }
        return false;
    }

    public boolean isAlive(Member member) {
        return member.kind() == Member.Kind.SEATED ? isAlive(member.mark()) : adopted.test(member);
    }

    public boolean isAlive(long token) {
        return token == ownToken || seats.isAlive(token);
    }

    /** The same, asking about each process only once: for looking at a whole state. */
    public Lives cached() {
        Map<Long, Boolean> known = new HashMap<>();
        Map<Member, Boolean> knownAdopted = new HashMap<>();
        return new Lives(
                ownToken,
                token -> known.computeIfAbsent(token, seats::isAlive),
                member -> knownAdopted.computeIfAbsent(member, adopted::test));
    }
}
