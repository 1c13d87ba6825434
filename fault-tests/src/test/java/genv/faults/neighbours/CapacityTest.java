// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static genv.faults.neighbours.Neighbour.gpus;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.Snapshot;
import genv.api.StateException;
import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import genv.core.layout.RootWord;
import genv.core.live.LifeLocks;
import genv.faults.fuzz.StateImage;
import genv.testkit.SimulatedBackend;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More of everything than fits: a clear error for whoever comes last, and no harm to the others. */
class CapacityTest {
    private static final long MINUTES = 2;

    private Path state;

    @BeforeEach
    void prepare(@TempDir Path temp) {
        state = temp.resolve("state");
    }

    private GenvHost open(int devices) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(state)
                .backend(SimulatedBackend.of(devices))
                .processEnvironment(false)
                .build());
    }

    private interface Task {
        void run(int number) throws Exception;
    }

    /** Threads that each hold something until all are told to let go. */
    private static final class Crowd implements AutoCloseable {
        private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        private final CountDownLatch letGo = new CountDownLatch(1);
        private final Semaphore arrived = new Semaphore(0);
        private final Queue<GenvException> refused = new ConcurrentLinkedQueue<>();
        private final Queue<Throwable> failed = new ConcurrentLinkedQueue<>();

        void start(int count, Task task) {
            for (int i = 0; i < count; i++) {
                int number = i;
                threads.execute(() -> {
                    try {
                        task.run(number);
                    } catch (GenvException e) {
                        refused.add(e);
                        arrived.release();
                    } catch (Throwable e) {
                        failed.add(e);
                        arrived.release();
                    }
                });
            }
        }

        /** For a task that has got what it wanted. */
        void holdOn() throws InterruptedException {
            arrived.release();
            letGo.await();
        }

        void awaitArrived(int count) throws InterruptedException {
            assertThat(arrived.tryAcquire(count, MINUTES, TimeUnit.MINUTES))
                    .as("all have arrived; failed: " + failed)
                    .isTrue();
        }

        @Override
        public void close() {
            letGo.countDown();
            threads.shutdown();
            try {
                assertThat(threads.awaitTermination(MINUTES, TimeUnit.MINUTES)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
            assertThat(failed).isEmpty();
        }
    }

    private static void assertEmpty(GenvHost host) {
        Snapshot snapshot = host.snapshot();
        assertThat(snapshot.envs()).isEmpty();
        assertThat(snapshot.devices())
                .allMatch(device -> device.attachments().isEmpty()
                        && device.lockHolders().isEmpty()
                        && device.waiters().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 4096})
    void shouldHaveManyEnvironmentsAtTheSameTime(int count) throws Exception {
        try (GenvHost host = open(4);
                GenvHost other = open(4)) {
            try (Crowd crowd = new Crowd()) {
                crowd.start(
                        count,
                        number -> host.call(ActivationRequest.of(gpus(1)).overSubscribed(), () -> {
                            crowd.holdOn();
                            return number;
                        }));
                crowd.awaitArrived(count);
                assertThat(crowd.refused).isEmpty();
                Snapshot snapshot = other.snapshot();
                assertThat(snapshot.envs()).hasSize(count);
                assertThat(snapshot.devices())
                        .allMatch(device -> device.attachments().size() == count / 4);
                if (count == 4096) {
                    assertThatThrownBy(() -> other.activate(EnvConfig.empty()).close())
                            .isInstanceOf(GenvException.class)
                            .hasMessageContaining("too many environments: limit=4096")
                            .hasMessageContaining("GENV_TMPDIR");
                    assertThat(other.snapshot().envs()).hasSize(count);
                }
            }
            assertEmpty(other);
            try (Activation all = other.activate(gpus(4))) {
                assertThat(all.devices()).hasSize(4);
            }
        }
    }

    @Test
    void shouldRefuseAHostOfMoreDevicesThanFit() {
        try (GenvHost host = open(129)) {
            assertThatThrownBy(() -> host.activate(gpus(1)).close())
                    .isInstanceOf(GenvException.class)
                    .hasMessageContaining("129")
                    .hasMessageContaining("128");
            try (Activation none = host.activate(EnvConfig.empty())) {
                assertThat(none.devices()).isEmpty();
            }
        }
    }

    @Test
    void shouldRefuseOneLockTooMany() throws Exception {
        int limit = 512;
        ActivationRequest request =
                ActivationRequest.of(EnvConfig.builder().gpus(1).gpuMemory("1m").build());
        try (GenvHost host = open(1);
                GenvHost other = open(1)) {
            try (Crowd crowd = new Crowd()) {
                crowd.start(
                        limit,
                        number -> host.call(request, () -> {
                            try (var lock = host.lock(LockMode.SHARE)) {
                                assertThat(lock.devices()).containsExactly(0);
                                crowd.holdOn();
                            }
                            return number;
                        }));
                crowd.awaitArrived(limit);
                assertThat(crowd.refused).isEmpty();
                try (Activation late = other.activate(request)) {
                    assertThatThrownBy(() -> other.tryLock(LockMode.SHARE))
                            .isInstanceOf(GenvException.class)
                            .hasMessageContaining("too many device locks are held: limit=512");
                    assertThat(late.devices()).containsExactly(0);
                }
                assertThat(other.snapshot().device(0).orElseThrow().lockHolders())
                        .hasSize(limit);
            }
            assertEmpty(other);
        }
    }

    @Test
    void shouldRefuseOneWaiterTooManyAndServeTheOthers() throws Exception {
        int devices = 128;
        int asking = devices * 4;
        int limit = 384;
        try (GenvHost holder = open(devices);
                GenvHost host = open(devices)) {
            try (Crowd crowd = new Crowd()) {
                try (Activation all = holder.activate(gpus(devices))) {
                    assertThat(all.devices()).hasSize(devices);
                    crowd.start(
                            asking,
                            number -> host.call(ActivationRequest.of(EnvConfig.empty()), () -> {
                                host.attach(
                                        DeviceRequest.index(number % devices).waitUpTo(Duration.ofMinutes(MINUTES)));
                                crowd.arrived.release();
                                return number;
                            }));
                    crowd.awaitArrived(asking - limit);
                    assertThat(crowd.refused)
                            .hasSize(asking - limit)
                            .allSatisfy(e -> assertThat(e).hasMessageContaining("too many requests wait: limit=384"));
                    int waiting = holder.snapshot().devices().stream()
                            .map(DeviceInfo::waiters)
                            .mapToInt(java.util.List::size)
                            .sum();
                    assertThat(waiting).isEqualTo(limit);
                }
                crowd.awaitArrived(limit);
                assertThat(crowd.refused).hasSize(asking - limit);
            }
            assertEmpty(holder);
        }
    }

    // ---- what processes hold that were stopped in the middle of a change --------------------------------------------

    /** Marks claim words as a process does that lives and does not go on, all but those that are in use. */
    private void claim(StateImage image, long offset, long stride, int count, long token) throws Exception {
        for (int i = 0; i < count; i++) {
            if (ClaimWord.isFree(image.word(offset + i * stride))) {
                image.word(offset + i * stride, ClaimWord.owned(token));
            }
        }
        image.writeOver(state.resolve("genv.state"));
    }

    @Test
    void shouldSayThatNoRecordIsFreeAndGoOnWhenThereIsOne() throws Exception {
        long token = 1_000_000;
        try (GenvHost host = open(2)) {
            try (LifeLocks stopped = LifeLocks.open(state.resolve("genv.live"))) {
                assertThat(stopped.tryHold(token)).isTrue();
                StateImage image = StateImage.read(state.resolve("genv.state"));
                claim(image, FileLayout.RECORD_CLAIM_OFFSET, FileLayout.RECORD_CLAIM_STRIDE, FileLayout.RECORDS, token);
                assertThatThrownBy(() -> host.activate(gpus(1)).close())
                        .isInstanceOf(StateException.class)
                        .hasMessageContaining("no record is free: records=128")
                        .hasMessageContaining("let their processes go on, or end them");
                assertThat(host.snapshot().envs()).isEmpty();
            }
            // the stopped processes are ended
            try (Activation all = host.activate(gpus(2))) {
                assertThat(all.devices()).containsExactly(0, 1);
                assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(3)))
                        .isInstanceOf(DevicesUnavailableException.class);
            }
        }
    }

    @Test
    void shouldGiveBackAsSoonAsThereIsARecordWhatCouldNotBeGivenBack() throws Exception {
        long token = 1_000_000;
        try (GenvHost host = open(2);
                GenvHost other = open(2)) {
            try (LifeLocks stopped = LifeLocks.open(state.resolve("genv.live"))) {
                assertThat(stopped.tryHold(token)).isTrue();
                String result = host.call(ActivationRequest.of(gpus(2)), () -> {
                    StateImage image = StateImage.read(state.resolve("genv.state"));
                    claimRecords(image, token);
                    return "done";
                });
                assertThat(result).isEqualTo("done");
                assertThat(other.snapshot().envs()).hasSize(1);
            }
            ActivationRequest all = ActivationRequest.of(gpus(2)).waitUpTo(Duration.ofMinutes(MINUTES));
            try (Activation env = other.activate(all)) {
                assertThat(env.devices()).containsExactly(0, 1);
                assertThat(other.snapshot().envs()).hasSize(1);
            }
        }
    }

    /** All records but the current one. */
    private void claimRecords(StateImage image, long token) throws Exception {
        int current = RootWord.record(image.word(FileLayout.ROOT_OFFSET));
        for (int i = 0; i < FileLayout.RECORDS; i++) {
            if (i != current) {
                image.word(FileLayout.RECORD_CLAIM_OFFSET + i * FileLayout.RECORD_CLAIM_STRIDE, ClaimWord.owned(token));
            }
        }
        image.writeOver(state.resolve("genv.state"));
    }

    /** There is no table of seats: none is free only where somebody holds the locks of those that come next. */
    @Test
    void shouldSayThatNoSeatCanBeTakenAndGoOnWhenOneCan() throws Exception {
        try (GenvHost host = open(2)) {
            long next = StateImage.read(state.resolve("genv.state")).word(FileLayout.TOKEN_OFFSET) + 1;
            try (LifeLocks hog = LifeLocks.open(state.resolve("genv.live"))) {
                for (int i = 0; i < 10_000; i++) {
                    assertThat(hog.tryHold(next + i)).isTrue();
                }
                assertThatThrownBy(() -> open(2).close())
                        .isInstanceOf(StateException.class)
                        .hasMessageContaining("no seat could be taken in genv.live")
                        .hasMessageContaining("lslocks");
                try (Activation all = host.activate(gpus(2))) {
                    assertThat(all.devices()).containsExactly(0, 1);
                }
            }
            try (GenvHost late = open(2);
                    Activation all = late.activate(gpus(2))) {
                assertThat(all.devices()).containsExactly(0, 1);
            }
        }
    }

    @Test
    void shouldSayThatNoCellIsFreeAndGoOnWhenThereIsOne() throws Exception {
        long token = 1_000_000;
        try (GenvHost host = open(2)) {
            try (LifeLocks stopped = LifeLocks.open(state.resolve("genv.live"))) {
                assertThat(stopped.tryHold(token)).isTrue();
                StateImage image = StateImage.read(state.resolve("genv.state"));
                claim(image, FileLayout.CELL_CLAIM_OFFSET, FileLayout.CELL_CLAIM_STRIDE, FileLayout.CELLS, token);
                assertThatThrownBy(() -> host.activate(gpus(1)).close())
                        .isInstanceOf(StateException.class)
                        .hasMessageContaining("no cell is free: cells=32767")
                        .hasMessageContaining("end some environments");
                assertThat(host.snapshot().envs()).isEmpty();
            }
            try (Activation all = host.activate(gpus(2))) {
                assertThat(all.devices()).containsExactly(0, 1);
            }
        }
    }
}
