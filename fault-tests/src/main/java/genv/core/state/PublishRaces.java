// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Processes publish at the same time. */
public final class PublishRaces {
    private PublishRaces() {}

    /** Each takes the first of two devices that is free; then how many environments there are. */
    @JCStressTest
    @Outcome(
            id = {"0, 1, 2", "1, 0, 2"},
            expect = ACCEPTABLE,
            desc = "each has a device of its own")
    @Outcome(
            id = {"0, 0, .*", "1, 1, .*"},
            expect = FORBIDDEN,
            desc = "a device was given twice")
    @Outcome(id = ".*, [01]", expect = FORBIDDEN, desc = "an update was lost")
    @Outcome(expect = FORBIDDEN, desc = "a device was refused although it was free")
    @State
    public static class TwoAttach {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();

        @Actor
        public void first(III_Result result) {
            lot.requireLentSince(lent);
            result.r1 = lot.one.transact(draft -> attach(draft, "a", 1));
        }

        @Actor
        public void second(III_Result result) {
            result.r2 = lot.two.transact(draft -> attach(draft, "b", 2));
        }

        @Arbiter
        public void look(III_Result result) {
            result.r3 = lot.three.transact(Draft::envCount);
        }

        private static int attach(Draft draft, String eid, long token) {
            for (int device = 0; device < 2; device++) {
                if (draft.use(device).population() == 0) {
                    draft.put(Lot.env(draft, eid, eid, token).withDevices(DeviceSet.of(device), false, 1));
                    return device;
                }
            }
            return -1;
        }
    }

    /** Each locks the one device if nobody has locked it; then how many locks there are. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 1"},
            expect = ACCEPTABLE,
            desc = "one has the lock")
    @Outcome(id = "1, 1, .*", expect = FORBIDDEN, desc = "both were granted")
    @Outcome(expect = FORBIDDEN, desc = "a free lock was refused, or a lock was lost")
    @State
    public static class TwoLock {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();

        public TwoLock() {
            lot.three.transact(TwoLock::prepare);
        }

        @Actor
        public void first(III_Result result) {
            lot.requireLentSince(lent);
            result.r1 = lot.one.transact(draft -> lock(draft, 1));
        }

        @Actor
        public void second(III_Result result) {
            result.r2 = lot.two.transact(draft -> lock(draft, 2));
        }

        @Arbiter
        public void look(III_Result result) {
            result.r3 = lot.three.transact(Draft::holderCount);
        }

        private static int prepare(Draft draft) {
            draft.put(Lot.env(draft, "a", "a", 1).withDevices(DeviceSet.of(0), false, 1));
            return 0;
        }

        private static int lock(Draft draft, long token) {
            if (draft.holderCount() > 0) {
                return 0;
            }
            EnvBlock env = draft.env(0);
            draft.addHolder(new Holder(
                    draft.nextVersion(),
                    env.id(),
                    env.hash(),
                    token,
                    4242,
                    LockMode.EXCLUSIVE,
                    EnvBlock.WHOLE,
                    1,
                    env.devices()));
            return 1;
        }
    }

    /** Two draw a ticket. */
    @JCStressTest
    @Outcome(
            id = {"1, 2", "2, 1"},
            expect = ACCEPTABLE,
            desc = "each has a place of its own")
    @Outcome(expect = FORBIDDEN, desc = "a place was given twice, or left out")
    @State
    public static class TwoTickets {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();
        private final long before = lot.memory.nextTicket();

        @Actor
        public void first(II_Result result) {
            lot.requireLentSince(lent);
            result.r1 = (int) (lot.memory.nextTicket() - before);
        }

        @Actor
        public void second(II_Result result) {
            result.r2 = (int) (lot.memory.nextTicket() - before);
        }
    }
}
