// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.StateException;
import genv.core.layout.CellLayout;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.live.LifeLocks;
import genv.testkit.SimulatedBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every byte of a small state that means something is damaged in turn. Who comes then is told of the damage, or served rightly:
 * it is never given what somebody else has, and nothing hangs.
 */
class DamagedStateTest {
    @TempDir
    private Path directory;

    private GenvHost holder;
    private MappedByteBuffer file;
    private final ByteBuffer sound = ByteBuffer.allocate(2 << 20);

    /** One environment has device 0 whole and locked, and a share of device 1; its name takes a second cell. */
    @BeforeEach
    void fill() throws IOException {
        holder = open();
        Activation activation = holder.activate(ActivationRequest.of(
                        EnvConfig.builder().name("n".repeat(128)).gpus(1).build())
                .eid("holder-" + "e".repeat(100)));
        assertThat(activation.devices()).containsExactly(0);
        assertThat(holder.lock().devices()).containsExactly(0);
        try (FileChannel channel =
                FileChannel.open(directory.resolve("genv.state"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            file = channel.map(FileChannel.MapMode.READ_WRITE, 0, FileLayout.FILE_SIZE);
        }
        file.order(ByteOrder.nativeOrder());
        save();
    }

    @AfterEach
    void close() {
        restore();
        holder.close();
    }

    @Test
    void shouldTellOfDamageOrServeRightlyWhicheverByteIsDamaged() throws Exception {
        Random random = new Random(42);
        List<Integer> places = meaningfulBytes();
        int told = 0;
        assertThat(places).hasSizeGreaterThan(600);
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            for (int place : places) {
                byte was = file.get(place);
                byte damaged =
                        (byte) (was ^ (random.nextInt(3) == 0 ? 1 << random.nextInt(8) : 1 + random.nextInt(255)));
                file.put(place, damaged);
                try {
                    told += threads.submit(() -> useWith(place, damaged)).get(30, TimeUnit.SECONDS) ? 1 : 0;
                } catch (ExecutionException e) {
                    throw new AssertionError("byte at " + place + " was " + was + " is " + damaged, e.getCause());
                } finally {
                    restore();
                }
            }
        }
        assertThat(told).as("damages that were noticed").isGreaterThan(places.size() / 2);
        assertThat(use()).as("undamaged again").isFalse();
    }

    @Test
    void shouldTellOfARootWordThatNamesNoRecord() {
        file.putLong((int) FileLayout.ROOT_OFFSET, RootWord.of(7, FileLayout.RECORDS + 3));

        assertThatThrownBy(this::use)
                .isInstanceOf(StateException.class)
                .hasMessageContaining("record=" + (FileLayout.RECORDS + 3))
                .hasMessageContaining("delete genv.state and genv.live");
    }

    @Test
    void shouldTellOfARecordThatIsNotTheOneOfTheRootWord() {
        long root = file.getLong((int) FileLayout.ROOT_OFFSET);
        file.putLong((int) FileLayout.ROOT_OFFSET, RootWord.of(RootWord.version(root) + 1, RootWord.record(root)));

        assertThatThrownBy(this::use).isInstanceOf(StateException.class).hasMessageContaining("fails its check");
    }

    @Test
    void shouldTellOfATokenCounterThatCannotBe() {
        file.putLong((int) FileLayout.TOKEN_OFFSET, -5);

        assertThatThrownBy(this::use).isInstanceOf(StateException.class).hasMessageContaining("next_token=");
    }

    /** The byte behind the last token is locked by whoever empties the state after a reboot. */
    @Test
    void shouldGiveNobodyTheSeatThatIsTheJanitors() {
        file.putLong((int) FileLayout.TOKEN_OFFSET, LifeLocks.MAX_TOKEN - 1);

        assertThatThrownBy(this::use)
                .isInstanceOf(StateException.class)
                .hasMessageContaining("next_token=" + LifeLocks.MAX_TOKEN);
    }

    @Test
    void shouldGiveNoTokenThatIsHeldWhenTheCounterWasSetBack() {
        file.putLong((int) FileLayout.TOKEN_OFFSET, 0);

        assertThat(use()).isFalse();
    }

    @Test
    void shouldTakeWhatBelongsToATokenThatCannotBe() {
        int current = RootWord.record(file.getLong((int) FileLayout.ROOT_OFFSET));
        for (int record = 0; record < FileLayout.RECORDS; record++) {
            if (record != current) {
                file.putLong((int) (FileLayout.RECORD_CLAIM_OFFSET + record * FileLayout.RECORD_CLAIM_STRIDE), -1);
            }
        }

        assertThat(use()).isFalse();
    }

    /** @return whether it was told of the damage */
    private boolean useWith(int place, byte damaged) {
        try {
            return use();
        } catch (StateException told) {
            assertThat(told.getMessage()).as("byte %d is %d", place, damaged).isNotBlank();
            return true;
        }
    }

    /** @return false, unless it throws something */
    private boolean use() {
        try (GenvHost host = open()) {
            host.snapshot();
            try (Activation activation =
                    host.activate(ActivationRequest.of(EnvConfig.empty()).eid("other"))) {
                try {
                    host.attach(DeviceRequest.index(0));
                    throw new AssertionError("was given a device that somebody else has whole");
                } catch (DevicesUnavailableException refused) {
                    // as it should be
                }
                assertThat(host.attach(DeviceRequest.index(0).overSubscribed())).containsExactly(0);
                assertThat(host.tryLock(LockMode.EXCLUSIVE, Duration.ofMillis(1)))
                        .as("a lock that somebody else has")
                        .isEmpty();
                assertThat(host.attach(DeviceRequest.index(1))).containsExactly(0, 1);
                assertThat(activation.devices()).containsExactly(0, 1);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return false;
        }
    }

    private GenvHost open() {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(2))
                .processEnvironment(false)
                .build());
    }

    /** The bytes of the header, the claims, the current record and the cells that are in use. */
    private List<Integer> meaningfulBytes() {
        List<Integer> places = new ArrayList<>();
        add(places, 0, FileLayout.CREATED_OFFSET + 8);
        add(places, FileLayout.ROOT_OFFSET, 8);
        add(places, FileLayout.TOKEN_OFFSET, 8);
        add(places, FileLayout.TICKET_OFFSET, 8);
        int record = RootWord.record(file.getLong((int) FileLayout.ROOT_OFFSET));
        for (int i = -1; i < 2; i++) {
            int near = Math.floorMod(record + i, FileLayout.RECORDS);
            add(places, FileLayout.RECORD_CLAIM_OFFSET + near * FileLayout.RECORD_CLAIM_STRIDE, 8);
        }
        long base = FileLayout.recordAt(record);
        long a = file.getLong((int) (base + RecordLayout.COUNTS_A_OFFSET));
        long b = file.getLong((int) (base + RecordLayout.COUNTS_B_OFFSET));
        add(places, base, 32);
        add(places, base + RecordLayout.DEVICE_OFFSET, (a >>> 32) * RecordLayout.DEVICE_WORDS * 8);
        add(places, base + RecordLayout.ENV_OFFSET, (int) a * 8L);
        add(places, base + RecordLayout.HOLDER_OFFSET, (b >>> 32) * RecordLayout.HOLDER_WORDS * 8);
        int cell = (int) file.getLong((int) (base + RecordLayout.ENV_OFFSET));
        while (cell != 0) {
            long link = file.getLong((int) (FileLayout.cellAt(cell) + CellLayout.LINK_OFFSET));
            add(places, FileLayout.cellAt(cell), 16 + (int) link * 8L);
            add(places, FileLayout.CELL_CLAIM_OFFSET + cell * FileLayout.CELL_CLAIM_STRIDE, 8);
            cell = (int) (link >>> 32);
        }
        return places;
    }

    private static void add(List<Integer> places, long from, long count) {
        for (long place = from; place < from + count; place++) {
            places.add((int) place);
        }
    }

    /** All but records and cells that are far from those in use. */
    private void save() {
        sound.clear();
        sound.put(file.slice(0, (int) FileLayout.RECORD_OFFSET + 8 * (int) RecordLayout.SIZE));
        sound.put(file.slice((int) FileLayout.CELL_OFFSET, 64 * (int) CellLayout.SIZE));
    }

    private void restore() {
        int front = (int) FileLayout.RECORD_OFFSET + 8 * (int) RecordLayout.SIZE;
        file.put(0, sound, 0, front);
        file.put((int) FileLayout.CELL_OFFSET, sound, front, 64 * (int) CellLayout.SIZE);
    }
}
