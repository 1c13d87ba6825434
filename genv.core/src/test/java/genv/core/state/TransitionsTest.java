// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TransitionsTest extends OneState {
    private static final long SELF = StateFixture.SELF;

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
                Future<?> end = pool.submit(() -> ending.end(draft -> {}, inAMinute()));
                awaitItsBegin(ending);

                assertThat(end.isDone()).isFalse();
                goOn.countDown();
                end.get();
            }
        }
    }

    /** It finds nothing of its own in the state at first, since another thread is about to publish it. */
    @Test
    void shouldTakeBackWhatWasPublishedWhileItWasAboutToEnd() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Transitions ending = state.seeing(2, segment -> new StateMemory(segment) {
            @Override
            boolean compareAndSetRoot(long expected, long next) {
                inside.countDown();
                await(goOn);
                return super.compareAndSetRoot(expected, next);
            }
        });
        try (ExecutorService pool = Executors.newCachedThreadPool()) {
            Future<?> publishing = pool.submit(() -> StateFixture.put(ending, "late", DeviceSet.of(4)));
            inside.await();
            Future<?> end = pool.submit(() -> ending.end(
                    draft -> {
                        EnvBlock late = draft.find("late");
                        if (late != null) {
                            draft.remove(late);
                        }
                    },
                    inAMinute()));
            awaitItsBegin(ending);
            goOn.countDown();
            publishing.get();
            end.get();
        }
        assertThat(process.<Integer>transact(Draft::envCount)).isZero();
    }

    private static long inAMinute() {
        return System.nanoTime() + 60_000_000_000L;
    }

    @Test
    void shouldDrawNoTicketOnceItHasEnded() {
        assertThat(process.nextTicket()).isLessThan(process.nextTicket());

        process.end(draft -> {}, inAMinute());

        assertThatThrownBy(process::nextTicket).isInstanceOf(IllegalStateException.class);
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
                    process.end(last -> last.remove(StateFixture.found(last, "e")), System.nanoTime());
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
            draft.addHolder(StateFixture.holder(1000, block, DeviceSet.of(1)));
            draft.addHolder(StateFixture.holder(1001, other, DeviceSet.of(2)));
            draft.enqueue(StateFixture.request(1, block, DeviceSet.of(3)));
            draft.enqueue(StateFixture.request(2, other, DeviceSet.of(3)));
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
                draft.enqueue(StateFixture.request(i, block, DeviceSet.of(i % 128)));
            }
            return null;
        });

        assertThatThrownBy(() -> process.transact(draft -> {
                    draft.addHolder(StateFixture.holder(9, block, DeviceSet.of(2)));
                    return null;
                }))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("too many device locks are held: limit=512");
        assertThatThrownBy(() -> process.transact(draft -> {
                    draft.enqueue(StateFixture.request(1000, block, DeviceSet.of(2)));
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
            draft.addHolder(StateFixture.holder(10_000, block, all));
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
