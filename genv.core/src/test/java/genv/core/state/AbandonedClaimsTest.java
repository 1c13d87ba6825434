// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import genv.core.layout.RootWord;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Records and cells that are claimed and were never published: by the dead, by who lost, by who failed. */
class AbandonedClaimsTest extends OneState {
    private static final long SELF = StateFixture.SELF;
    private static final long STRANGER = 77;

    @Test
    void shouldTakeRecordsOfTheDeadButNotOfTheLiving() {
        occupyRecords(STRANGER);

        long root = state.root();
        assertThatThrownBy(() -> put("e", DeviceSet.EMPTY))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("no record is free: records=128 path=test");
        assertThat(state.root()).isEqualTo(root);
        assertThat(process.<Integer>transact(Draft::envCount))
                .as("who only reads is not kept from it")
                .isZero();

        state.bury(STRANGER);
        put("e", DeviceSet.EMPTY);
        assertThat(process.<Integer>transact(Draft::envCount)).isEqualTo(1);
        state.requireNoLeak();
    }

    @Test
    void shouldGoOnWithOneRecordThatIsLeft() {
        occupyRecords(STRANGER);
        state.recordClaim((RootWord.record(state.root()) + 40) % FileLayout.RECORDS, ClaimWord.free(0));

        for (int i = 0; i < 300; i++) {
            put("e" + i % 5, DeviceSet.of(i % 20));
        }

        assertThat(RootWord.version(state.root())).isEqualTo(301);
    }

    @Test
    void shouldTakeRecordsThatWereStampedAndNeverPublishedOnceTheVersionHasPassed() {
        occupyRecords(STRANGER);
        int left = (RootWord.record(state.root()) + 1) % FileLayout.RECORDS;
        state.recordClaim(left, ClaimWord.live(2)); // about to be published, for all that others know

        assertThatThrownBy(() -> put("e", DeviceSet.EMPTY)).isInstanceOf(StateException.class);

        int other = (left + 1) % FileLayout.RECORDS;
        state.recordClaim(other, ClaimWord.free(0));
        put("e", DeviceSet.EMPTY);
        assertThat(RootWord.record(state.root())).isEqualTo(other);
        put("f", DeviceSet.EMPTY); // the record before is out of use, as is the stamped one: version 2 is another's
        put("g", DeviceSet.EMPTY);
        state.bury(STRANGER);
        state.requireNoLeak();
    }

    /** A stamp with a version of the past would give the cell the claim word that a reader of that version looks for. */
    @Test
    void shouldNotTakeACellThatWasFreedAfterTheRootThatItHasRead() {
        Transitions other = state.process(STRANGER);
        List<Long> touched = new ArrayList<>();
        Transitions late = state.process(
                STRANGER + 1, () -> true, (offset, length) -> touched.add(offset), (sleeper, ticket) -> {});
        AtomicInteger runs = new AtomicInteger();
        late.transact(draft -> {
            if (runs.incrementAndGet() == 1) {
                for (int i = 0; i < 2; i++) {
                    // the second one frees the cell of the first one
                    other.transact(newest -> {
                        newest.put(StateFixture.env(newest, "e", STRANGER));
                        return null;
                    });
                }
            } else {
                assertThat(touched).as("written to in the run that has lost").isEmpty();
            }
            draft.put(StateFixture.env(draft, "f", STRANGER + 1));
            return null;
        });
        assertThat(runs).hasValue(2);
        state.requireNoLeak();
    }

    @Test
    void shouldRememberTheVersionWhenACellOfTheDeadIsFreed() {
        put("e", DeviceSet.EMPTY);
        long version = RootWord.version(state.root());
        state.cellClaim(1000, ClaimWord.owned(STRANGER));
        state.bury(STRANGER);

        process.sweep();

        assertThat(state.cellClaim(1000)).isEqualTo(ClaimWord.free(version));
    }

    /** A word of which the root knows nothing is damage, and no reason to begin again for ever. */
    @Test
    void shouldTakeAFreeCellWhoseVersionCannotBe() {
        for (int cell = 1; cell < FileLayout.CELLS; cell++) {
            state.cellClaim(cell, ClaimWord.free(1L << 40));
        }

        put("e", DeviceSet.of(1));

        assertThat(process.<Integer>transact(Draft::envCount)).isEqualTo(1);
    }

    @Test
    void shouldSweepCellsOfTheDeadAndCellsThatNobodyRefersTo() {
        put("e", DeviceSet.of(1));
        put("e", DeviceSet.of(2));
        long version = RootWord.version(state.root());
        occupyFreeCells(ClaimWord.owned(STRANGER));

        assertThatThrownBy(() -> put("f", DeviceSet.EMPTY))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("no cell is free: cells=32767 path=test");

        occupyCells(ClaimWord.owned(STRANGER), ClaimWord.live(version + 1));
        assertThatThrownBy(() -> put("f", DeviceSet.EMPTY))
                .as("cells that may be published at any moment")
                .isInstanceOf(StateException.class);

        occupyCells(ClaimWord.live(version + 1), ClaimWord.live(version));
        put("f", DeviceSet.EMPTY);
        state.requireNoLeak();

        occupyFreeCells(ClaimWord.owned(STRANGER));
        state.bury(STRANGER);
        put("g", DeviceSet.EMPTY);
        state.requireNoLeak();
        assertThat(process.<Integer>transact(Draft::envCount)).isEqualTo(3);
    }

    /**
     * A process was stopped between publishing and freeing the cells that it had replaced. Meanwhile they were swept and are in
     * use again.
     */
    @Test
    void shouldNotFreeAReplacedCellThatWasSweptAndUsedAgain() {
        put("e", DeviceSet.of(1));
        int cell = state.referencedCells().nextSetBit(0);
        long version = RootWord.version(state.root());
        Claims claims = new Claims(state.memory, FileLayout.CELL_CLAIM_OFFSET, FileLayout.CELL_CLAIM_STRIDE, SELF, 1);
        Cells cells = new Cells(state.memory, claims);

        state.cellClaim(cell, ClaimWord.live(version + 5));
        cells.freeChain(cell, version);
        assertThat(state.cellClaim(cell)).isEqualTo(ClaimWord.live(version + 5));

        state.cellClaim(cell, ClaimWord.owned(STRANGER));
        cells.freeChain(cell, version);
        assertThat(state.cellClaim(cell)).isEqualTo(ClaimWord.owned(STRANGER));

        state.cellClaim(cell, ClaimWord.live(version));
        cells.freeChain(cell, version);
        assertThat(state.cellClaim(cell)).isEqualTo(ClaimWord.free(version));
    }

    /** Between losing the race and taking its stamp back, a process may find that somebody else was quicker. */
    @Test
    void shouldNotTakeBackAStampThatSomebodyElseHasFound() {
        Claims claims =
                new Claims(state.memory, FileLayout.RECORD_CLAIM_OFFSET, FileLayout.RECORD_CLAIM_STRIDE, SELF, 0);
        claims.stamp(5, 9);
        assertThat(claims.unstamp(5, 9)).isTrue();
        assertThat(state.recordClaim(5)).isEqualTo(ClaimWord.owned(SELF));

        for (long found : new long[] {ClaimWord.owned(STRANGER), ClaimWord.live(10), ClaimWord.free(9)}) {
            state.recordClaim(5, found);
            assertThat(claims.unstamp(5, 9)).isFalse();
            assertThat(claims.tryOwn(5, ClaimWord.live(9))).isFalse();
            assertThat(state.recordClaim(5)).isEqualTo(found);
        }
    }

    /** It was stopped after stamping; when it goes on, others have found its record and its cell decided, and taken them. */
    @Test
    void shouldClaimOthersWhenItsStampedRecordAndCellWereTakenFromIt() {
        int[] taken = new int[2];
        AtomicBoolean first = new AtomicBoolean(true);
        Transitions late = state.seeing(STRANGER, segment -> new StateMemory(segment) {
            @Override
            boolean compareAndSetRoot(long expected, long next) {
                if (first.getAndSet(false)) {
                    long stamp = ClaimWord.live(RootWord.version(next));
                    taken[0] = RootWord.record(next);
                    taken[1] = cellWith(stamp);
                    assertThat(state.recordClaim(taken[0])).isEqualTo(stamp);
                    put("x", DeviceSet.EMPTY);
                    state.recordClaim(taken[0], ClaimWord.owned(STRANGER + 1));
                    state.cellClaim(taken[1], ClaimWord.owned(STRANGER + 1));
                }
                return super.compareAndSetRoot(expected, next);
            }
        });

        late.transact(draft -> {
            draft.put(StateFixture.env(draft, "late", STRANGER));
            return null;
        });

        assertThat(state.recordClaim(taken[0])).isEqualTo(ClaimWord.owned(STRANGER + 1));
        assertThat(state.cellClaim(taken[1])).isEqualTo(ClaimWord.owned(STRANGER + 1));
        assertThat(process.<Integer>transact(Draft::envCount)).isEqualTo(2);
        state.bury(STRANGER + 1);
        process.sweep();
        state.requireNoLeak();
    }

    @Test
    void shouldGiveBackTheCellsThatOnlyTheRunThatLostHasNeeded() {
        AtomicInteger runs = new AtomicInteger();
        state.seeing(STRANGER, segment -> new StateMemory(segment) {
                    @Override
                    boolean compareAndSetRoot(long expected, long next) {
                        if (runs.get() == 1) {
                            put("x", DeviceSet.EMPTY);
                        }
                        return super.compareAndSetRoot(expected, next);
                    }
                })
                .transact(draft -> {
                    EnvBlock block = StateFixture.env(draft, "e", STRANGER);
                    for (int i = 0; i < 60 && runs.get() == 0; i++) {
                        block = block.withMember(Member.adopted(i, 1000 + i, 1));
                    }
                    runs.incrementAndGet();
                    draft.put(block);
                    return null;
                });

        assertThat(runs).hasValue(2);
        state.requireNoLeak();
    }

    /** What was copied out of a cell counts only if the cell was not given to somebody else meanwhile. */
    @Test
    void shouldNotTakeWhatItReadsOfACellThatIsClaimedMeanwhile() {
        put("e", DeviceSet.of(1));
        int cell = state.referencedCells().nextSetBit(0);
        long version = RootWord.version(state.root());
        AtomicInteger reads = new AtomicInteger();
        Function<MemorySegment, StateMemory> claimed = segment -> new StateMemory(segment) {
            @Override
            void read(long offset, long[] words, int count) {
                super.read(offset, words, count);
                reads.incrementAndGet();
                state.cellClaim(cell, ClaimWord.owned(STRANGER));
            }
        };
        assertThat(state.cells(claimed).read(cell, version)).isNull();
        assertThat(reads).hasValue(1);

        state.cellClaim(cell, ClaimWord.live(version));
        assertThat(state.cells(StateMemory::new).read(cell, version)).isNotNull();
    }

    @Test
    void shouldNotFollowTheLinksOfACellThatIsClaimedMeanwhile() {
        put("e", DeviceSet.of(1));
        int cell = state.referencedCells().nextSetBit(0);
        long version = RootWord.version(state.root());
        Function<MemorySegment, StateMemory> claimed = segment -> new StateMemory(segment) {
            @Override
            long word(long offset) {
                long word = super.word(offset);
                state.cellClaim(cell, ClaimWord.owned(STRANGER));
                return word;
            }
        };
        assertThat(state.cells(claimed).mark(cell, version, new BitSet())).isFalse();

        state.cellClaim(cell, ClaimWord.live(version));
        assertThat(state.cells(StateMemory::new).mark(cell, version, new BitSet()))
                .isTrue();
    }

    @Test
    void shouldGiveBackWhatItClaimedWhenTheDiskIsFull() {
        Transitions full = state.process(
                SELF,
                () -> true,
                (offset, length) -> {
                    throw new StateException("the disk is full");
                },
                (sleeper, ticket) -> {});

        assertThatThrownBy(() -> full.transact(draft -> {
                    draft.put(StateFixture.env(draft, "e", SELF));
                    return null;
                }))
                .hasMessage("the disk is full");

        assertThat(RootWord.version(state.root())).isEqualTo(1);
        state.requireNoLeak();
    }

    @Test
    void shouldGiveBackWhatItClaimedWhenMemoryRunsOut() {
        Transitions failing = failing(new OutOfMemoryError("made by the test"));

        assertThatThrownBy(() -> failing.transact(draft -> {
                    draft.put(StateFixture.env(draft, "e", STRANGER));
                    return null;
                }))
                .isInstanceOf(OutOfMemoryError.class);

        state.requireNoLeak();
        put("f", DeviceSet.EMPTY);
        state.requireNoLeak();
    }

    /** This is how a page that cannot be read or written shows itself, wherever it was noticed. */
    @Test
    void shouldTouchNothingMoreWhenPagesAreLost() {
        Transitions failing = failing(new InternalError("made by the test"));

        assertThatThrownBy(() -> failing.transact(draft -> {
                    draft.put(StateFixture.env(draft, "e", STRANGER));
                    return null;
                }))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("lost pages");

        assertThat(claims())
                .filteredOn(word -> word == ClaimWord.owned(STRANGER))
                .hasSize(2);
        put("f", DeviceSet.EMPTY);
        state.bury(STRANGER);
        process.sweep();
        state.requireNoLeak();
    }

    private Transitions failing(VirtualMachineError error) {
        return state.process(
                STRANGER,
                () -> true,
                (offset, length) -> {
                    throw error;
                },
                (sleeper, ticket) -> {});
    }

    @Test
    void shouldGrantNothingFromAFileThatIsNotTheOneThatOthersOpen() {
        put("e", DeviceSet.of(1));
        Transitions cut = state.process(2, () -> false, (offset, length) -> {}, (sleeper, ticket) -> {});

        assertThatThrownBy(() -> cut.transact(draft -> {
                    draft.put(StateFixture.env(draft, "f", 2).withDevices(DeviceSet.of(2), false, 1));
                    return null;
                }))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("deleted or replaced");
        state.requireNoLeak();

        cut.transact(draft -> {
            draft.remove(StateFixture.found(draft, "e")); // to give back is harmless
            return null;
        });
        assertThat(process.<Integer>transact(Draft::envCount)).isZero();
    }

    // ---- help ------------------------------------------------------------------------------------------------------

    /** All records but the current one. */
    private void occupyRecords(long token) {
        for (int i = 0; i < FileLayout.RECORDS; i++) {
            if (i != RootWord.record(state.root())) {
                state.recordClaim(i, ClaimWord.owned(token));
            }
        }
    }

    private int cellWith(long claim) {
        for (int cell = 1; cell < FileLayout.CELLS; cell++) {
            if (state.cellClaim(cell) == claim) {
                return cell;
            }
        }
        throw new AssertionError("no cell has the claim " + StateFixture.describe(claim));
    }

    private void occupyFreeCells(long word) {
        for (int cell = 1; cell < FileLayout.CELLS; cell++) {
            if (ClaimWord.isFree(state.cellClaim(cell))) {
                state.cellClaim(cell, word);
            }
        }
    }

    private void occupyCells(long from, long to) {
        for (int cell = 1; cell < FileLayout.CELLS; cell++) {
            if (state.cellClaim(cell) == from) {
                state.cellClaim(cell, to);
            }
        }
    }

    private List<Long> claims() {
        List<Long> words = new ArrayList<>();
        for (int i = 0; i < FileLayout.RECORDS; i++) {
            words.add(state.recordClaim(i));
        }
        for (int i = 0; i < FileLayout.CELLS; i++) {
            words.add(state.cellClaim(i));
        }
        return words;
    }
}
