// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import genv.core.draft.Draft;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Who waits looks at the doorbell, then at the state, and sleeps as long as the doorbell is the same. */
public final class DoorbellRaces {
    private static final long WAITS = 2;

    private DoorbellRaces() {}

    /** One frees something and rings; the other looks and is about to sleep. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "saw what was freed")
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "did not see it, and does not fall asleep or is woken")
    @Outcome(id = "2", expect = FORBIDDEN, desc = "did not see it, sleeps, and is not woken")
    @State
    public static class RingWhileFallingAsleep {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();
        private boolean rung;
        private boolean saw;
        private boolean sleeps;

        public RingWhileFallingAsleep() {
            lot.one.transact(RingWhileFallingAsleep::hold);
        }

        @Actor
        public void frees() {
            lot.requireLentSince(lent);
            lot.one.transact(Lot::clear);
            rung = lot.memory.ring(WAITS);
        }

        @Actor
        public void waits() {
            int rings = lot.memory.ringsAcquire(WAITS);
            saw = lot.two.transact(draft -> draft.envCount() == 0);
            sleeps = !saw && lot.memory.announceSleep(WAITS, rings);
        }

        @Arbiter
        public void look(I_Result result) {
            // the kernel lets nobody sleep who comes after the ring: the word is another one then
            result.r1 = saw ? 0 : sleeps && !rung ? 2 : 1;
        }

        private static int hold(Draft draft) {
            draft.put(Lot.env(draft, "a", "a", 1));
            return 0;
        }
    }
}
