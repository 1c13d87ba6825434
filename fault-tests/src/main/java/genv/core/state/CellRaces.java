// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.layout.RootWord;
import genv.core.model.EnvBlock;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Cells are read, freed and used again. */
public final class CellRaces {
    private static final String LONG_NAME = "x".repeat(120);

    private CellRaces() {}

    private static int put(Draft draft, String eid, String name) {
        draft.put(Lot.env(draft, eid, name, 1));
        return 0;
    }

    /** The first cell of the one environment that there is. */
    private static int onlyCell(Lot lot) {
        RecordImage image = new RecordImage();
        long root = lot.memory.rootAcquire();
        if (!image.load(lot.memory, RootWord.record(root), RootWord.version(root)) || image.envCount != 1) {
            throw new IllegalStateException("there is not one environment: " + image.envCount);
        }
        return (int) image.envs[0];
    }

    /** A cell is read for one version while its environment ends and another one comes into it. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "the environment of that version")
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "not of that version any more, and the root has moved")
    @Outcome(id = "2", expect = FORBIDDEN, desc = "another environment under that version")
    @Outcome(id = "3", expect = FORBIDDEN, desc = "taken for damaged under a root that has not moved")
    @State
    public static class ReadWhileReused {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();
        private final Cells cells = lot.freshCells(2);
        private final long root;
        private final int cell;

        public ReadWhileReused() {
            lot.one.transact(draft -> put(draft, "a", "a" + LONG_NAME));
            root = lot.memory.rootAcquire();
            cell = onlyCell(lot);
        }

        @Actor
        public void reuses() {
            lot.requireLentSince(lent);
            lot.one.transact(Lot::clear);
            lot.one.transact(draft -> put(draft, "b", "b" + LONG_NAME));
        }

        @Actor
        public void reads(I_Result result) {
            EnvBlock block = cells.read(cell, RootWord.version(root));
            if (block == null) {
                result.r1 = lot.memory.rootAcquire() == root ? 3 : 0;
            } else {
                result.r1 = is(block, "a") ? 1 : 2;
            }
        }
    }

    /**
     * A process that has read an old root writes, while the cell is free in which an environment was that came and went since:
     * its stamp would have the very version under which others read that environment.
     */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "the claim word of that environment has not come back")
    @Outcome(id = "1", expect = FORBIDDEN, desc = "the cell has the same claim word in another life")
    @State
    public static class LateWhileReused {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();
        private final Claims claims = lot.cellClaims(3);
        private volatile int cell;
        private volatile long claim;
        private volatile boolean done;

        @Actor
        public void writesLate() {
            lot.requireLentSince(lent);
            lot.two.transact(draft -> {
                if (cell == 0) { // the root has been read, and moves on
                    lot.two.transact(other -> put(other, "a", "a" + LONG_NAME));
                    int first = onlyCell(lot);
                    claim = claims.wordAcquire(first);
                    lot.two.transact(Lot::clear);
                    cell = first; // free, and the first that this process comes to
                }
                return put(draft, "b", "b" + LONG_NAME);
            });
            done = true;
        }

        @Actor
        public void looks(I_Result result) {
            while (cell == 0) {
                Thread.onSpinWait();
            }
            while (result.r1 == 0 && !done) {
                result.r1 = claims.wordAcquire(cell) == claim ? 1 : 0;
            }
        }
    }

    private static boolean is(@Nullable EnvBlock block, String eid) {
        return block != null
                && block.eid().equals(eid)
                && block.config().name().orElse("").equals(eid + LONG_NAME);
    }

    /** The same through a transition: it sees the one, or none, or the other. */
    @JCStressTest
    @Outcome(id = "0|1|2", expect = ACCEPTABLE, desc = "the first, none, or the second")
    @Outcome(id = "3", expect = FORBIDDEN, desc = "a mixture of the two")
    @Outcome(id = "-1", expect = FORBIDDEN, desc = "taken for damaged")
    @State
    public static class LookWhileReused {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();

        public LookWhileReused() {
            lot.one.transact(draft -> put(draft, "a", "a" + LONG_NAME));
        }

        @Actor
        public void reuses() {
            lot.requireLentSince(lent);
            lot.one.transact(Lot::clear);
            lot.one.transact(draft -> put(draft, "b", "b" + LONG_NAME));
        }

        @Actor
        public void looks(I_Result result) {
            try {
                result.r1 = lot.two.transact(LookWhileReused::look);
            } catch (StateException e) {
                result.r1 = -1;
            }
        }

        private static int look(Draft draft) {
            if (draft.envCount() == 0) {
                return 0;
            }
            EnvBlock block = draft.env(0);
            if (is(block, "a")) {
                return 1;
            }
            return is(block, "b") ? 2 : 3;
        }
    }

    /** A sweep, which looks for cells that the dead have left, while environments are replaced. */
    @JCStressTest
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "all is there")
    @Outcome(expect = FORBIDDEN, desc = "the sweep freed a cell that is in use")
    @State
    public static class SweepWhileReplaced {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();

        public SweepWhileReplaced() {
            lot.one.transact(draft -> put(draft, "a", "a" + LONG_NAME));
        }

        @Actor
        public void replaces() {
            lot.requireLentSince(lent);
            lot.one.transact(draft -> put(draft, "a", "a" + LONG_NAME));
            lot.one.transact(draft -> put(draft, "b", "b" + LONG_NAME));
        }

        @Actor
        public void sweeps() {
            lot.two.sweep();
        }

        @Arbiter
        public void look(I_Result result) {
            try {
                // a cell that was freed would be taken for these
                lot.three.transact(draft -> put(draft, "c", "c" + LONG_NAME));
                lot.three.transact(draft -> put(draft, "d", "d" + LONG_NAME));
                result.r1 = lot.three.transact(SweepWhileReplaced::count);
            } catch (StateException e) {
                result.r1 = -1;
            }
        }

        private static int count(Draft draft) {
            int right = 0;
            for (String eid : new String[] {"a", "b"}) {
                right += is(draft.find(eid), eid) ? 1 : 0;
            }
            return right;
        }
    }
}
