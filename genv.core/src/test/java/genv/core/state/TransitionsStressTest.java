// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.EnvConfig;
import genv.api.LockMode;
import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many threads of several processes, some of which die while they write, change one state at the same time. */
class TransitionsStressTest {
    private static final int PROCESSES = 4;
    private static final int THREADS_OF_EACH = 2;
    private static final int ROUNDS = 3_000;
    private static final int DEVICES = 12;

    @TempDir
    private Path directory;

    private final AtomicLong nextToken = new AtomicLong(100);
    private final AtomicInteger deaths = new AtomicInteger();

    @Test
    void shouldStayConsistentUnderConcurrentChangesAndDeaths() throws Exception {
        try (StateFixture state = new StateFixture(directory);
                ExecutorService threads =
                        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Future<Integer>> results = new ArrayList<>();
            for (int p = 1; p <= PROCESSES; p++) {
                Transitions process = state.process(p);
                for (int t = 0; t < THREADS_OF_EACH; t++) {
                    results.add(threads.submit(new Worker(state, process, p, p + "-" + t)));
                }
            }
            Future<?> mortal = threads.submit(() -> dieOften(state));
            int expected = 0;
            for (Future<Integer> result : results) {
                expected += result.get();
            }
            mortal.get();
            int envs = expected;

            Transitions last = state.process(99);
            last.sweep();
            state.requireNoLeak();
            last.transact(draft -> {
                StateFixture.requireConsistent(draft);
                requireNobodyShares(draft);
                assertThat(draft.envCount()).isEqualTo(envs);
                for (int i = draft.envCount() - 1; i >= 0; i--) {
                    draft.remove(draft.env(i));
                }
                return null;
            });
            last.transact(draft -> {
                assertThat(draft.envCount()).isZero();
                assertThat(draft.holderCount()).isZero();
                for (int d = 0; d < DEVICES; d++) {
                    assertThat(draft.use(d).population()).isZero();
                    assertThat(draft.use(d).reserved()).isZero();
                }
                return null;
            });
            state.requireNoLeak();
            assertThat(state.referencedCells().cardinality()).isZero();
            assertThat(deaths.get()).isGreaterThan(20);
        }
    }

    /** Nobody here over-subscribes. */
    private static void requireNobodyShares(Draft draft) {
        for (int d = 0; d < DEVICES; d++) {
            if (draft.use(d).whole() > 1
                    || (draft.use(d).whole() == 1 && draft.use(d).population() > 1)) {
                throw new AssertionError("device " + d + " was given twice: " + draft.use(d));
            }
        }
    }

    /** One thread: owns a few environments, whose presence it knows exactly. */
    private static final class Worker implements Callable<Integer> {
        private final StateFixture state;
        private final Transitions process;
        private final long token;
        private final String name;
        private final Random random;
        private final long[] ids = new long[4];
        private final long[] locks = new long[4];

        Worker(StateFixture state, Transitions process, long token, String name) {
            this.state = state;
            this.process = process;
            this.token = token;
            this.name = name;
            this.random = new Random(name.hashCode());
        }

        @Override
        public Integer call() {
            for (int round = 0; round < ROUNDS; round++) {
                int slot = random.nextInt(ids.length);
                String eid = name + "-" + slot;
                switch (random.nextInt(8)) {
                    case 0, 1 -> ids[slot] = create(eid, ids[slot]);
                    case 2 -> {
                        remove(eid, ids[slot]);
                        ids[slot] = 0;
                        locks[slot] = 0;
                    }
                    case 3 -> change(eid, ids[slot]);
                    case 4, 5 -> locks[slot] = lockOrUnlock(eid, ids[slot], locks[slot]);
                    default -> look();
                }
            }
            int count = 0;
            for (long id : ids) {
                count += id == 0 ? 0 : 1;
            }
            return count;
        }

        private long create(String eid, long present) {
            int members = random.nextInt(4) == 0 ? 30 : 1;
            EnvConfig config = random.nextBoolean()
                    ? EnvConfig.empty()
                    : EnvConfig.builder().gpuMemory("1g").build();
            int wanted = random.nextInt(3);
            return process.transact(draft -> {
                EnvBlock known = draft.find(eid);
                assertThat(known == null ? 0 : known.id()).as(eid).isEqualTo(present);
                if (known != null) {
                    return present;
                }
                EnvBlock block = EnvBlock.create(
                        draft.nextVersion(), eid, new EnvBlock.Owner(1, "u"), 1, config, Member.seated(token, 1, 1));
                for (int i = 1; i < members; i++) {
                    block = block.withMember(Member.adopted(i, i, i));
                }
                DeviceSet chosen = DeviceSet.EMPTY;
                for (int d = 0; d < DEVICES && chosen.size() < wanted; d++) {
                    boolean free = block.gpuMemory() == EnvBlock.WHOLE
                            ? draft.use(d).population() == 0
                            : draft.use(d).whole() == 0;
                    chosen = free ? chosen.with(d) : chosen;
                }
                block = block.withDevices(chosen, false, 1);
                draft.put(block);
                return block.id();
            });
        }

        private void remove(String eid, long present) {
            process.transact(draft -> {
                EnvBlock known = draft.find(eid);
                assertThat(known == null ? 0 : known.id()).as(eid).isEqualTo(present);
                if (known != null) {
                    draft.remove(known);
                }
                return null;
            });
        }

        private void change(String eid, long present) {
            if (present == 0) {
                return;
            }
            process.transact(draft -> {
                EnvBlock known = draft.find(eid);
                assertThat(known).as(eid).isNotNull();
                draft.put(
                        known.members().size() > 1
                                ? known.withMembers(List.of(known.members().getFirst()))
                                : known.withMember(Member.adopted(1, 2, 3)));
                return null;
            });
        }

        private long lockOrUnlock(String eid, long present, long lock) {
            if (present == 0) {
                return 0;
            }
            return process.transact(draft -> {
                if (lock != 0) {
                    assertThat(draft.removeHolder(lock)).isTrue();
                    return 0L;
                }
                EnvBlock block = draft.find(eid);
                assertThat(block).isNotNull();
                for (int i = 0; i < draft.holderCount(); i++) {
                    if (draft.holder(i).devices().intersects(block.devices())) {
                        return 0L;
                    }
                }
                draft.addHolder(new Holder(
                        draft.nextVersion(),
                        block.id(),
                        block.hash(),
                        token,
                        1,
                        LockMode.EXCLUSIVE,
                        EnvBlock.WHOLE,
                        1,
                        block.devices()));
                return draft.nextVersion();
            });
        }

        private void look() {
            process.transact(draft -> {
                StateFixture.requireConsistent(draft);
                requireNobodyShares(draft);
                return null;
            });
            assertThat(state.root()).isPositive();
        }
    }

    /** Processes that die between claiming a record or a cell and publishing it. */
    private @Nullable Object dieOften(StateFixture state) {
        Random random = new Random(4711);
        for (int i = 0; i < 100; i++) {
            long token = nextToken.incrementAndGet();
            AtomicInteger left = new AtomicInteger(1 + random.nextInt(8));
            Transitions process = state.process(
                    token,
                    () -> true,
                    (offset, length) -> {
                        if (left.decrementAndGet() == 0) {
                            throw new Death();
                        }
                    },
                    (sleeper, ticket) -> {});
            try {
                process.transact(draft -> {
                    EnvBlock block = StateFixture.env(draft, "mortal-" + token, token);
                    for (int m = random.nextInt(30); m > 0; m--) {
                        block = block.withMember(Member.adopted(m, m, m));
                    }
                    draft.put(block);
                    return null;
                });
                process.transact(draft -> {
                    draft.remove(StateFixture.found(draft, "mortal-" + token));
                    return null;
                });
            } catch (StateException death) {
                assertThat(death).hasCauseInstanceOf(Death.class);
                deaths.incrementAndGet();
                state.process(98).transact(draft -> {
                    EnvBlock left2 = draft.find("mortal-" + token);
                    if (left2 != null) {
                        draft.remove(left2);
                    }
                    return null;
                });
            }
            state.bury(token);
        }
        assertThat(RecordLayout.MAX_DEVICES).isGreaterThan(DEVICES);
        return null;
    }

    /** After such an error nothing more is written, nor given back, as if the process had died. */
    private static final class Death extends InternalError {
        private static final long serialVersionUID = 1L;
    }
}
