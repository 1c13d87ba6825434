// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import genv.core.draft.Draft;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A record is copied while its place is used again. In each version all device rows say which version it is. */
public final class RecordRaces {
    private static final int DEVICES = 12;

    private RecordRaces() {}

    /** How often the reader copies at most, until the root moves under its eyes. */
    private static final int COPIES = 1_000;

    private static int mark(Draft draft) {
        for (int device = 0; device < DEVICES; device++) {
            draft.describe(device, draft.nextVersion(), (int) draft.nextVersion());
        }
        draft.put(Lot.env(draft, "a", Long.toString(draft.nextVersion()), 1)); // what is described alone is no change
        return 0;
    }

    /** The second transition writes to the record that was current before the first one. */
    private static void overwrite(Transitions writer) {
        writer.transact(RecordRaces::mark);
        writer.transact(RecordRaces::mark);
        writer.transact(RecordRaces::mark);
    }

    /** The copy itself, and what is asked of it. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "not whole, and the root has moved: thrown away")
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "whole, but the root has moved: thrown away")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "whole and current")
    @Outcome(id = "3", expect = FORBIDDEN, desc = "mixed content under a root that has not moved")
    @Outcome(id = "4", expect = FORBIDDEN, desc = "mixed content that validates")
    @Outcome(id = "5", expect = FORBIDDEN, desc = "taken for damaged under a root that has not moved")
    @State
    public static class CopyWhileReused {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();
        private final RecordImage image = new RecordImage();

        public CopyWhileReused() {
            lot.three.transact(RecordRaces::mark);
        }

        @Actor
        public void writes() {
            lot.requireLentSince(lent);
            overwrite(lot.one);
        }

        @Actor
        public void copies(I_Result result) {
            int seen = 2;
            for (int i = 0; i < COPIES && seen == 2; i++) {
                seen = copy();
            }
            result.r1 = seen;
        }

        private int copy() {
            long root = lot.memory.rootAcquire();
            long version = RootWord.version(root);
            boolean whole = image.load(lot.memory, RootWord.record(root), version);
            StateMemory.endOfReads();
            boolean moved = lot.memory.rootAcquire() != root;
            boolean mixed = false;
            for (int device = 0; whole && device < DEVICES; device++) {
                mixed |= image.devices[device * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_TOTAL] != version;
            }
            if (mixed) {
                return moved ? 4 : 3;
            }
            if (whole) {
                return moved ? 1 : 2;
            }
            return moved ? 0 : 5;
        }
    }

    /** The same without the checksum: the root alone must tell. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = "mixed, and the root has moved: thrown away")
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "right, but the root has moved: thrown away")
    @Outcome(id = "2", expect = ACCEPTABLE, desc = "right and current")
    @Outcome(id = "3", expect = FORBIDDEN, desc = "mixed content under a root that has not moved")
    @State
    public static class CopyWithoutChecksum {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();
        private final RecordImage image = new RecordImage();

        public CopyWithoutChecksum() {
            lot.three.transact(RecordRaces::mark);
        }

        @Actor
        public void writes() {
            lot.requireLentSince(lent);
            overwrite(lot.one);
        }

        @Actor
        public void copies(I_Result result) {
            int seen = 2;
            for (int i = 0; i < COPIES && seen == 2; i++) {
                seen = copy();
            }
            result.r1 = seen;
        }

        private int copy() {
            long root = lot.memory.rootAcquire();
            long version = RootWord.version(root);
            boolean _ = image.load(lot.memory, RootWord.record(root), version);
            StateMemory.endOfReads();
            boolean moved = lot.memory.rootAcquire() != root;
            boolean mixed = image.version != version || image.deviceCount != DEVICES;
            for (int device = 0; !mixed && device < DEVICES; device++) {
                mixed = image.devices[device * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_TOTAL] != version;
            }
            if (mixed) {
                return moved ? 0 : 3;
            }
            return moved ? 1 : 2;
        }
    }

    /** A whole transition that only reads. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "one version")
    @Outcome(id = "0", expect = FORBIDDEN, desc = "a mixture of versions")
    @Outcome(id = "-1", expect = FORBIDDEN, desc = "taken for damaged")
    @State
    public static class ReadWhileChanged {
        private final Lot lot = Lot.take();
        private final long lent = lot.lent();

        public ReadWhileChanged() {
            lot.three.transact(RecordRaces::mark);
        }

        @Actor
        public void writes() {
            lot.requireLentSince(lent);
            overwrite(lot.one);
        }

        @Actor
        public void reads(I_Result result) {
            try {
                long before = lot.memory.rootAcquire();
                int seen = 1;
                for (int i = 0; i < COPIES && seen == 1 && lot.memory.rootAcquire() == before; i++) {
                    seen = lot.two.transact(ReadWhileChanged::look);
                }
                result.r1 = Math.min(seen, lot.two.transact(ReadWhileChanged::look));
            } catch (genv.api.StateException e) {
                result.r1 = -1;
            }
        }

        private static int look(Draft draft) {
            for (int device = 0; device < DEVICES; device++) {
                if (draft.use(device).total() != draft.version()) {
                    return 0;
                }
            }
            String name = draft.env(0).config().name().orElse("");
            return name.equals(Long.toString(draft.version())) ? 1 : 0;
        }
    }
}
