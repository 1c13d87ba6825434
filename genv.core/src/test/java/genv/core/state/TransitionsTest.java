// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.LockMode;
import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransitionsTest {
    private static final long SELF = 1;
    private static final long STRANGER = 77;

    @TempDir
    private Path directory;

    private StateFixture state;
    private Transitions process;

    @BeforeEach
    void open() {
        state = new StateFixture(directory);
        process = state.process(SELF);
    }

    @AfterEach
    void close() {
        state.close();
    }

    @Test
    void shouldWriteNothingWhenItOnlyReads() {
        put("e", DeviceSet.of(3));
        long root = state.root();
        List<Long> before = claims();

        String eid = process.transact(draft -> draft.env(0).eid());

        assertThat(eid).isEqualTo("e");
        assertThat(state.root()).isEqualTo(root);
        assertThat(claims()).isEqualTo(before);
    }

    @Test
    void shouldShowOthersWhatWasPublished() {
        EnvBlock block = put("e", DeviceSet.of(new int[] {3, 90}));

        state.process(2).transact(draft -> {
            assertThat(draft.envCount()).isEqualTo(1);
            EnvBlock found = draft.find("e");
            assertThat(found).isNotNull();
            assertThat(found.id()).isEqualTo(block.id());
            assertThat(found.devices().toList()).containsExactly(3, 90);
            assertThat(draft.use(90).whole()).isEqualTo(1);
            assertThat(draft.find("f")).isNull();
            StateFixture.requireConsistent(draft);
            return null;
        });
    }

    @Test
    void shouldLeaveEverythingAsItWasWhenTheEditThrows() {
        put("e", DeviceSet.of(3));
        long root = state.root();

        assertThatThrownBy(() -> process.transact(draft -> {
                    draft.put(StateFixture.env(draft, "f", SELF).withDevices(DeviceSet.of(4), false, 1));
                    draft.remove(StateFixture.found(draft, "e"));
                    throw new GenvException("refused");
                }))
                .hasMessage("refused");

        assertThat(state.root()).isEqualTo(root);
        state.requireNoLeak();
    }

    /** Edits ask policies: a process of many threads whose policies take long would have all records. */
    @Test
    void shouldOwnNothingWhileAnEditRunsAgain() {
        AtomicInteger runs = new AtomicInteger();

        process.transact(draft -> {
            assertThat(claims()).noneMatch(ClaimWord::isOwned);
            if (runs.incrementAndGet() < 4) {
                state.process(2).transact(other -> {
                    other.put(StateFixture.env(other, "other" + runs, 2));
                    return null;
                });
            }
            draft.put(StateFixture.env(draft, "mine", SELF).withDevices(DeviceSet.of(0), false, 1));
            return null;
        });

        assertThat(runs).hasValue(4);
        state.requireNoLeak();
    }

    @Test
    void shouldNotEndBeforeTheTransitionsThatAreUnderWay() throws Exception {
        for (int threads : new int[] {1, 40}) { // more of them than drafts that are kept
            Transitions ending = state.process(100 + threads);
            CountDownLatch inside = new CountDownLatch(threads);
            CountDownLatch goOn = new CountDownLatch(1);
            try (ExecutorService pool = Executors.newCachedThreadPool()) {
                for (int i = 0; i < threads; i++) {
                    pool.execute(() -> {
                        ending.transact(draft -> {
                            inside.countDown();
                            await(goOn);
                            return null;
                        });
                    });
                }
                inside.await();
                Future<?> end = pool.submit(() -> ending.end(draft -> {}));
                awaitItsBegin(ending);

                assertThat(end.isDone()).isFalse();
                goOn.countDown();
                end.get();
            }
        }
    }

    private static void awaitItsBegin(Transitions ending) {
        try {
            while (true) {
                ending.transact(draft -> null);
            }
        } catch (IllegalStateException refused) {
            // it has begun to end
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldRunNothingOnWhatTheLastTransitionOfTheProcessLeft() {
        put("e", DeviceSet.of(3));
        AtomicInteger runs = new AtomicInteger();

        assertThatThrownBy(() -> process.transact(draft -> {
                    runs.incrementAndGet();
                    process.end(last -> last.remove(StateFixture.found(last, "e")));
                    draft.put(StateFixture.env(draft, "late", SELF).withDevices(DeviceSet.of(4), false, 1));
                    return null;
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(runs).hasValue(1);
        assertThatThrownBy(() -> process.transact(Draft::envCount)).isInstanceOf(IllegalStateException.class);

        int left = state.process(2).transact(Draft::envCount);
        assertThat(left).isZero();
        state.requireNoLeak();
    }

    @Test
    void shouldRunTheEditAgainOnTheNewestStateWhenSomebodyElseWasFirst() {
        AtomicBoolean first = new AtomicBoolean(true);

        long id = process.transact(draft -> {
            int envs = draft.envCount();
            if (first.getAndSet(false)) {
                state.process(2).transact(other -> {
                    other.put(StateFixture.env(other, "other", 2).withDevices(DeviceSet.of(0), false, 1));
                    return null;
                });
                assertThat(envs).isZero();
            } else {
                assertThat(envs).isEqualTo(1);
            }
            EnvBlock block = StateFixture.env(draft, "mine", SELF).withDevices(DeviceSet.of(envs), false, 1);
            draft.put(block);
            return block.id();
        });

        process.transact(draft -> {
            assertThat(draft.envCount()).isEqualTo(2);
            assertThat(StateFixture.found(draft, "mine").id()).isEqualTo(id);
            assertThat(StateFixture.found(draft, "mine").devices().toList()).containsExactly(1);
            StateFixture.requireConsistent(draft);
            return null;
        });
        state.requireNoLeak();
    }

    @Test
    void shouldReadWhatItBeganWithOrStartOverWhenTheStateMovesOn() {
        put("e", DeviceSet.of(0));
        List<Integer> seen = new ArrayList<>();

        process.transact(draft -> {
            boolean again = !seen.isEmpty();
            if (!again) {
                // more changes than there are records: the one that was read is used again
                for (int i = 0; i < 2 * FileLayout.RECORDS; i++) {
                    int index = i;
                    state.process(2).transact(other -> {
                        other.put(StateFixture.found(other, "e")
                                .withoutDevices(new DeviceSet(-1, -1))
                                .withDevices(DeviceSet.of(index % 9), false, 1));
                        return null;
                    });
                }
            }
            seen.add(again ? 1 : 0);
            assertThat(StateFixture.found(draft, "e").devices().toList())
                    .containsExactly((2 * FileLayout.RECORDS - 1) % 9);
            return null;
        });

        assertThat(seen)
                .as("the first look found the cells in other use and ended the run")
                .containsExactly(0, 1);
    }

    @Test
    void shouldKeepLongEnvironmentsInChainsAndGiveThemBack() {
        process.transact(draft -> {
            EnvBlock block = StateFixture.env(draft, "long", SELF);
            for (int i = 0; i < 60; i++) {
                block = block.withMember(Member.adopted(i, 1000 + i, 1));
            }
            draft.put(block.withDevices(new DeviceSet(-1, -1), true, 1));
            return null;
        });
        assertThat(state.referencedCells().cardinality()).isGreaterThan(8);
        state.requireNoLeak();

        int members = state.process(2)
                .transact(draft -> StateFixture.found(draft, "long").members().size());
        assertThat(members).isEqualTo(61);
        process.transact(draft -> {
            draft.put(StateFixture.found(draft, "long").withMembers(List.of(Member.seated(SELF, 1, 1))));
            return null;
        });

        state.requireNoLeak();
    }

    @Test
    void shouldRefuseAnEnvironmentThatIsLongerThanAChain() {
        assertThatThrownBy(() -> process.transact(draft -> {
                    List<Member> members = new ArrayList<>();
                    for (int i = 0; i < 700; i++) {
                        members.add(Member.adopted(i, i, 1));
                    }
                    draft.put(StateFixture.env(draft, "e", SELF).withMembers(members));
                    return null;
                }))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("eid=e members=700");
        state.requireNoLeak();
    }

    @Test
    void shouldTellEnvironmentsOfOneHashApart() {
        // a collision of EidHash: "Aa" and "BB" have one String.hashCode
        put("Aa", DeviceSet.of(1));
        put("BB", DeviceSet.of(2));

        process.transact(draft -> {
            assertThat(draft.env(0).hash()).isEqualTo(draft.env(1).hash());
            assertThat(StateFixture.found(draft, "Aa").devices().toList()).containsExactly(1);
            assertThat(StateFixture.found(draft, "BB").devices().toList()).containsExactly(2);
            draft.remove(StateFixture.found(draft, "Aa"));
            assertThat(draft.find("Aa")).isNull();
            assertThat(StateFixture.found(draft, "BB").devices().toList()).containsExactly(2);
            return null;
        });
        state.requireNoLeak();
    }

    @Test
    void shouldEndLocksAndRequestsWithTheirEnvironment() {
        EnvBlock block = put("e", DeviceSet.of(1));
        EnvBlock other = put("f", DeviceSet.of(2));
        process.transact(draft -> {
            draft.addHolder(holder(1000, block, DeviceSet.of(1)));
            draft.addHolder(holder(1001, other, DeviceSet.of(2)));
            draft.enqueue(request(1, block, DeviceSet.of(3)));
            draft.enqueue(request(2, other, DeviceSet.of(3)));
            return null;
        });

        process.transact(draft -> {
            draft.remove(block);
            return null;
        });

        process.transact(draft -> {
            assertThat(draft.holderCount()).isEqualTo(1);
            assertThat(draft.holder(0).env()).isEqualTo(other.id());
            assertThat(draft.waiterCount()).isEqualTo(1);
            assertThat(draft.waiterTicket(0)).isEqualTo(2);
            assertThat(draft.use(1).population()).isZero();
            return null;
        });
    }

    @Test
    void shouldWakeTheFirstInLineForEachDeviceWhenSomethingIsFreed() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(1));
        process.transact(draft -> {
            draft.enqueue(request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.DEVICES));
            draft.enqueue(request(2, block, DeviceSet.of(new int[] {1, 2}), 12, QueuedRequest.Kind.DEVICES));
            draft.enqueue(request(3, block, DeviceSet.of(2), 13, QueuedRequest.Kind.DEVICES));
            draft.enqueue(request(4, block, DeviceSet.of(1), 14, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "e").withMember(Member.seated(2, 2, 2)));
            return null;
        });
        assertThat(woken).as("nothing was freed").isEmpty();
        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "e").withoutDevices(DeviceSet.of(1)));
            return null;
        });

        assertThat(woken).containsExactly(11L, 14L);
    }

    @Test
    void shouldWakeWhoWaitsWhenAnEnvironmentALockOrAnEarlierRequestIsGone() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(1));
        EnvBlock other = put("f", DeviceSet.EMPTY);
        process.transact(draft -> {
            draft.addHolder(holder(1000, other, DeviceSet.of(1)));
            draft.enqueue(request(1, other, DeviceSet.of(1), 11, QueuedRequest.Kind.DEVICES));
            draft.enqueue(request(2, other, DeviceSet.of(1), 12, QueuedRequest.Kind.DEVICES));
            return null;
        });

        waker.<Boolean>transact(draft -> draft.removeHolder(1000));
        assertThat(woken).containsExactly(11L);
        waker.<Boolean>transact(draft -> draft.dequeue(1));
        assertThat(woken).containsExactly(11L, 12L);
        waker.transact(draft -> {
            draft.remove(block);
            return null;
        });
        assertThat(woken).containsExactly(11L, 12L, 12L);
    }

    @Test
    void shouldNotWakeWhoMovesUpAndWaitsForALockThatIsHeld() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(new int[] {1, 2}));
        process.transact(draft -> {
            draft.enqueue(request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(request(2, block, DeviceSet.of(1), 12, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(request(3, block, DeviceSet.of(1), 13, QueuedRequest.Kind.DEVICES));
            draft.enqueue(request(4, block, DeviceSet.of(2), 14, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.dequeue(1);
            draft.addHolder(holder(1000, block, DeviceSet.of(1)));
            return null;
        });
        assertThat(woken).as("12 waits for the holder, the others do not").containsExactly(13L, 14L);

        woken.clear();
        waker.<Boolean>transact(draft -> draft.removeHolder(1000));
        assertThat(woken).as("something was freed").containsExactly(12L, 13L, 14L);
    }

    @Test
    void shouldWakeWhoMovesUpAndMayShareALockThatIsHeld() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(1));
        QueuedRequest asked = request(2, block, DeviceSet.of(1), 12, QueuedRequest.Kind.SHARED_LOCK);
        QueuedRequest shared = new QueuedRequest(
                asked.ticket(), asked.by(), asked.kind(), asked.since(), asked.devices(), asked.count(), 1 << 20);
        process.transact(draft -> {
            draft.enqueue(request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.SHARED_LOCK));
            draft.enqueue(shared);
            return null;
        });

        waker.transact(draft -> {
            draft.dequeue(1);
            draft.addHolder(holder(1000, block, DeviceSet.of(1)).withMemory(1 << 20));
            return null;
        });

        assertThat(woken).containsExactly(12L);
    }

    @Test
    void shouldWakeWhoWaitsForALockWhenItsEnvironmentHasFewerDevicesThanItWaitsFor() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(new int[] {1, 2}));
        EnvBlock other = put("f", DeviceSet.of(1));
        process.transact(draft -> {
            draft.addHolder(holder(1000, other, DeviceSet.of(1)));
            draft.enqueue(request(1, block, DeviceSet.of(new int[] {1, 2}), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "e").withoutDevices(DeviceSet.of(1)));
            return null;
        });

        assertThat(woken).as("it may lock what is left").containsExactly(11L);
    }

    @Test
    void shouldWakeWhoWaitsForALockWhereverItStandsWhenItsEnvironmentHasLess() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock holding = put("h", DeviceSet.of(2));
        EnvBlock before = put("a", DeviceSet.of(new int[] {1, 2}));
        EnvBlock behind = put("b", DeviceSet.of(new int[] {1, 2}));
        process.transact(draft -> {
            draft.addHolder(holder(1000, holding, DeviceSet.of(2)));
            draft.enqueue(request(1, before, DeviceSet.of(new int[] {1, 2}), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(request(2, behind, DeviceSet.of(new int[] {1, 2}), 12, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });
        assertThat(process.<long[]>transact(draft -> draft.ticketsToCall(12))).isEmpty();

        waker.transact(draft -> {
            draft.put(StateFixture.found(draft, "b").withoutDevices(DeviceSet.of(1)));
            return null;
        });

        assertThat(woken).containsExactly(11L, 12L);
        assertThat(process.<long[]>transact(draft -> draft.ticketsToCall(12)))
                .as("its process calls it, though another one comes before")
                .containsExactly(2);
    }

    @Test
    void shouldWakeWhoStandsBehindARequestThatWaitsForLess() {
        List<Long> woken = new ArrayList<>();
        Transitions waker = state.process(2, (sleeper, ticket) -> woken.add(sleeper));
        EnvBlock block = put("e", DeviceSet.of(new int[] {1, 2}));
        process.transact(draft -> {
            draft.addHolder(holder(1000, block, DeviceSet.of(1)));
            draft.enqueue(request(1, block, DeviceSet.of(new int[] {1, 2}), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            draft.enqueue(request(2, block, DeviceSet.of(2), 12, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        waker.transact(draft -> {
            draft.enqueue(request(1, block, DeviceSet.of(1), 11, QueuedRequest.Kind.EXCLUSIVE_LOCK));
            return null;
        });

        assertThat(woken).containsExactly(12L);
        assertThat(process.<Boolean>transact(draft -> draft.isFirstInLine(2))).isTrue();
    }

    // ---- claims that others left -----------------------------------------------------------------------------------

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

    // ---- limits ----------------------------------------------------------------------------------------------------

    @Test
    void shouldRefuseOneEnvironmentTooMany() {
        for (int part = 0; part < 8; part++) {
            int from = part * 512;
            process.transact(draft -> {
                for (int i = from; i < from + 512; i++) {
                    draft.put(StateFixture.env(draft, "env-" + i, SELF).withDevices(DeviceSet.of(i % 128), true, 1));
                }
                return null;
            });
        }
        long root = state.root();

        assertThatThrownBy(() -> put("one-more", DeviceSet.EMPTY))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("too many environments: limit=4096");

        assertThat(state.root()).isEqualTo(root);
        state.requireNoLeak();
        state.process(2).transact(draft -> {
            assertThat(draft.envCount()).isEqualTo(4096);
            for (int i = 0; i < 4096; i++) {
                EnvBlock block = draft.find("env-" + i);
                assertThat(block).isNotNull();
                assertThat(block.devices().contains(i % 128)).isTrue();
            }
            assertThat(draft.use(127).population()).isEqualTo(32);
            return null;
        });
        process.transact(draft -> {
            draft.remove(StateFixture.found(draft, "env-2000"));
            return null;
        });
        put("one-more", DeviceSet.of(127));
        assertThat(process.<Integer>transact(Draft::envCount)).isEqualTo(4096);
        state.requireNoLeak();
    }

    @Test
    void shouldRefuseOneLockAndOneRequestTooMany() {
        EnvBlock block = put("e", DeviceSet.of(1));
        process.transact(draft -> {
            for (int i = 0; i < RecordLayout.MAX_HOLDERS; i++) {
                draft.addHolder(new Holder(
                        10_000 + i, block.id(), block.hash(), SELF, 1, LockMode.SHARE, 1, 1, DeviceSet.of(i % 128)));
            }
            for (int i = RecordLayout.MAX_WAITERS; i > 0; i--) {
                draft.enqueue(request(i, block, DeviceSet.of(i % 128)));
            }
            return null;
        });

        assertThatThrownBy(() -> process.transact(draft -> {
                    draft.addHolder(holder(9, block, DeviceSet.of(2)));
                    return null;
                }))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("too many device locks are held: limit=512");
        assertThatThrownBy(() -> process.transact(draft -> {
                    draft.enqueue(request(1000, block, DeviceSet.of(2)));
                    return null;
                }))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("too many requests wait: limit=384");

        state.process(2).transact(draft -> {
            assertThat(draft.holderCount()).isEqualTo(512);
            assertThat(draft.holder(511).devices().toList()).containsExactly(511 % 128);
            assertThat(draft.waiterCount()).isEqualTo(384);
            assertThat(draft.waiter(383).ticket()).isEqualTo(384);
            assertThat(draft.waiter(383).eid()).isEqualTo("e");
            QueuedRequest known = draft.waiter(199);
            assertThat(known.devices()).isEqualTo(DeviceSet.of(200 % 128));
            assertThat(draft.isQueued(known)).isTrue();
            return null;
        });
        process.transact(draft -> {
            draft.remove(block);
            return null;
        });
        process.transact(draft -> {
            assertThat(draft.holderCount()).isZero();
            assertThat(draft.waiterCount()).isZero();
            return null;
        });
    }

    @Test
    void shouldKeepTheLargestDeviceSet() {
        DeviceSet all = new DeviceSet(-1, -1);
        EnvBlock block = put("e", all);
        process.transact(draft -> {
            draft.describe(127, 16_000_000_000L, 99);
            draft.addHolder(holder(10_000, block, all));
            return null;
        });

        state.process(2).transact(draft -> {
            assertThat(draft.deviceCount()).isEqualTo(128);
            assertThat(StateFixture.found(draft, "e").devices()).isEqualTo(all);
            assertThat(draft.holder(0).devices()).isEqualTo(all);
            assertThat(draft.use(127).total()).isEqualTo(16_000_000_000L);
            assertThat(draft.use(0).total()).isEqualTo(-1);
            StateFixture.requireConsistent(draft);
            return null;
        });
    }

    // ---- help ------------------------------------------------------------------------------------------------------

    private EnvBlock put(String eid, DeviceSet devices) {
        return process.transact(draft -> {
            EnvBlock block = StateFixture.env(draft, eid, SELF).withDevices(devices, false, 1);
            draft.put(block);
            return block;
        });
    }

    private static Holder holder(long id, EnvBlock block, DeviceSet devices) {
        return new Holder(
                id,
                block.id(),
                block.hash(),
                SELF,
                1,
                LockMode.EXCLUSIVE,
                EnvBlock.share(EnvConfig.empty()),
                1,
                devices);
    }

    private static QueuedRequest request(long ticket, EnvBlock block, DeviceSet devices) {
        return request(ticket, block, devices, SELF, QueuedRequest.Kind.DEVICES);
    }

    private static QueuedRequest request(
            long ticket, EnvBlock block, DeviceSet devices, long token, QueuedRequest.Kind kind) {
        return new QueuedRequest(
                ticket,
                new QueuedRequest.By(token, 1, block.id(), block.eid(), 1),
                kind,
                1,
                devices,
                devices.size(),
                EnvBlock.WHOLE);
    }

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
