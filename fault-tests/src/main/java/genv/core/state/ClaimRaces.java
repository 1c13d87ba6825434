// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Two want one record. Afterwards its claim word says who has it: the third figure. */
public final class ClaimRaces {
    private static final int RECORD = 100;

    private ClaimRaces() {}

    /** What the tests share. */
    public abstract static class Claiming {
        final Lot lot = Lot.take();
        final Claims one = lot.recordClaims(1);
        final Claims two = lot.recordClaims(2);
        private final long lent = lot.lent();

        Claiming(long word) {
            lot.memory.wordRelease(FileLayout.RECORD_CLAIM_OFFSET + RECORD * FileLayout.RECORD_CLAIM_STRIDE, word);
        }

        final int own(Claims claims, long expected) {
            lot.requireLentSince(lent);
            long seen = claims.wordAcquire(RECORD);
            return seen == expected && claims.tryOwn(RECORD, seen) ? 1 : 0;
        }

        /** The owner; 0 for nobody. */
        final int owner() {
            long word = one.wordAcquire(RECORD);
            return ClaimWord.isOwned(word) ? (int) ClaimWord.token(word) : 0;
        }
    }

    /** From FREE. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 2"},
            expect = ACCEPTABLE,
            desc = "one has it")
    @Outcome(id = "1, 1, .*", expect = FORBIDDEN, desc = "both own it")
    @Outcome(id = "0, 0, .*", expect = FORBIDDEN, desc = "nobody was given what is free")
    @Outcome(expect = FORBIDDEN, desc = "the word names another one")
    @State
    public static class Free extends Claiming {
        public Free() {
            super(ClaimWord.free(7));
        }

        @Actor
        public void first(III_Result result) {
            result.r1 = own(one, ClaimWord.free(7));
        }

        @Actor
        public void second(III_Result result) {
            result.r2 = own(two, ClaimWord.free(7));
        }

        @Arbiter
        public void look(III_Result result) {
            result.r3 = owner();
        }
    }

    /** From LIVE, out of use. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 2"},
            expect = ACCEPTABLE,
            desc = "one has it")
    @Outcome(id = "1, 1, .*", expect = FORBIDDEN, desc = "both own it")
    @Outcome(id = "0, 0, .*", expect = FORBIDDEN, desc = "nobody was given what is out of use")
    @Outcome(expect = FORBIDDEN, desc = "the word names another one")
    @State
    public static class OutOfUse extends Claiming {
        public OutOfUse() {
            super(ClaimWord.live(7));
        }

        @Actor
        public void first(III_Result result) {
            result.r1 = own(one, ClaimWord.live(7));
        }

        @Actor
        public void second(III_Result result) {
            result.r2 = own(two, ClaimWord.live(7));
        }

        @Arbiter
        public void look(III_Result result) {
            result.r3 = owner();
        }
    }

    /** From one who died. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 2"},
            expect = ACCEPTABLE,
            desc = "one has it")
    @Outcome(id = "1, 1, .*", expect = FORBIDDEN, desc = "both own it")
    @Outcome(id = "0, 0, .*", expect = FORBIDDEN, desc = "nobody was given what a dead one had")
    @Outcome(expect = FORBIDDEN, desc = "the word names another one")
    @State
    public static class OfTheDead extends Claiming {
        public OfTheDead() {
            super(ClaimWord.owned(Lot.DEAD));
        }

        @Actor
        public void first(III_Result result) {
            result.r1 = own(one, ClaimWord.owned(Lot.DEAD));
        }

        @Actor
        public void second(III_Result result) {
            result.r2 = own(two, ClaimWord.owned(Lot.DEAD));
        }

        @Arbiter
        public void look(III_Result result) {
            result.r3 = owner();
        }
    }

    /** The first has lost the race to publish and takes its stamp back; the second finds the record out of use. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 1", "0, 1, 2"},
            expect = ACCEPTABLE,
            desc = "one has it")
    @Outcome(id = "1, 1, .*", expect = FORBIDDEN, desc = "both own it")
    @Outcome(id = "0, 0, .*", expect = FORBIDDEN, desc = "nobody has it")
    @Outcome(expect = FORBIDDEN, desc = "the word names another one")
    @State
    public static class TakenBack extends Claiming {
        public TakenBack() {
            super(ClaimWord.owned(1));
            one.stamp(RECORD, 7);
        }

        @Actor
        public void first(III_Result result) {
            result.r1 = one.unstamp(RECORD, 7) ? 1 : 0;
        }

        @Actor
        public void second(III_Result result) {
            result.r2 = own(two, ClaimWord.live(7));
        }

        @Arbiter
        public void look(III_Result result) {
            result.r3 = owner();
        }
    }
}
