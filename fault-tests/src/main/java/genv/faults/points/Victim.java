// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.api.Snapshot;
import genv.core.layout.FileLayout;
import genv.core.state.CrashPoint;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One operation that is stopped, in a state directory of its own, and the process beside it. */
final class Victim implements AutoCloseable {
    private static final Set<CrashPoint> BEFORE_PUBLISHING = EnumSet.of(
            CrashPoint.COPIED,
            CrashPoint.EDITED,
            CrashPoint.RECORD_CLAIMED,
            CrashPoint.CELL_CLAIMED,
            CrashPoint.WRITTEN,
            CrashPoint.STAMPED);

    private final PointOperation operation;
    private final CrashPoint point;
    private final Path state;
    private final GenvHost beside;
    private final PointTimes times;
    private @Nullable Activation besides;
    private @Nullable CompletableFuture<List<Integer>> waiter;
    private @Nullable Heir heir;
    private long token;
    private int seat;

    Victim(PointOperation operation, CrashPoint point, Path directory, PointTimes times) throws Exception {
        this.operation = operation;
        this.times = times;
        this.point = point;
        this.state = Files.createDirectories(directory.resolve(operation.name()));
        if (operation == PointOperation.REAP) {
            leaveADeadProcess(state);
        }
        this.beside = PointRound.open(operation == PointOperation.REAP ? directory.resolve("REAP-beside") : state);
        if (operation == PointOperation.JOIN || operation == PointOperation.LEAVE_SHARED) {
            besides = beside.activate(ActivationRequest.of(EnvConfig.empty()).eid(PointOperation.SHARED));
        } else if (operation == PointOperation.WAIT) {
            besides = beside.activate(gpus(PointOperation.DEVICES));
        }
    }

    void bringToItsCrashPoint(ChildJvm child) throws Exception {
        child.tell(operation + " " + point + " " + state);
        child.expect("prepared");
        token = lastToken();
        if (operation == PointOperation.WAKE) {
            besides = beside.activate(gpus(PointOperation.DEVICES - 1));
            CompletableFuture<List<Integer>> future = new CompletableFuture<>();
            waiter = future;
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    future.complete(beside.attach(
                            DeviceRequest.gpus(PointOperation.DEVICES).waitUpTo(Duration.ofMinutes(2))));
                } catch (RuntimeException e) {
                    future.completeExceptionally(e);
                }
            });
            while (device(0).waiters().isEmpty()) {
                Thread.onSpinWait();
            }
        }
        child.tell("go");
        child.expect("crash point " + point);
    }

    /** The victim stands at its crash point, alive. */
    void requireOthersToGoOn() throws Exception {
        boolean published = !BEFORE_PUBLISHING.contains(point);
        if (operation == PointOperation.WAKE) {
            if (published) {
                assertThat(served())
                        .as(this + ": a ring that is owed by a stopped process")
                        .hasSize(4);
            } else {
                assertThat(device(0).attachments()).as("%s", this).hasSize(1);
            }
            return;
        }
        while (operation.change() == PointOperation.Change.LAPSES
                && !device(0).attachments().isEmpty()) {
            Thread.onSpinWait(); // until the lease is over
        }
        requireVictimAsItIs(published);
        if (operation == PointOperation.WAIT) {
            return; // all devices are in use
        }
        long start = System.nanoTime();
        try (GenvHost other = PointRound.open(state);
                Activation activation =
                        other.activate(ActivationRequest.of(EnvConfig.empty()).eid("other"))) {
            int free = PointOperation.DEVICES - 1;
            if (operation == PointOperation.REAP || operation.change() == PointOperation.Change.LAPSES) {
                assertThat(other.attach(DeviceRequest.gpus(PointOperation.DEVICES)))
                        .hasSize(4);
            }
            assertThat(other.attach(DeviceRequest.index(free))).as("%s", this).contains(free);
            Optional<DeviceLock> lock = other.tryLock(LockMode.EXCLUSIVE, Duration.ofSeconds(20));
            assertThat(lock).as("%s", this).isPresent();
            lock.orElseThrow().close();
            times.wentOn(System.nanoTime() - start);
            for (int held : victimsDevices(published)) {
                if (operation != PointOperation.CONFIGURE) {
                    assertThatThrownBy(() -> other.attach(DeviceRequest.index(held)))
                            .as("%s", this)
                            .isInstanceOf(DevicesUnavailableException.class)
                            .hasMessageContaining(PointOperation.EID);
                }
            }
            other.configure(EnvConfig.builder().name("renamed").build());
            assertThat(other.detach()).isEmpty();
            assertThat(activation.devices()).isEmpty();
        }
        requireVictimAsItIs(published);
    }

    private void requireVictimAsItIs(boolean published) {
        Snapshot snapshot = snapshot();
        Optional<EnvInfo> victim = env(snapshot, PointOperation.EID);
        List<Integer> devices = victimsDevices(published);
        assertThat(victim.map(EnvInfo::devices).orElse(List.of()))
                .as("%s", this)
                .isEqualTo(devices);
        int members = env(snapshot, PointOperation.SHARED)
                .map(env -> env.pids().size())
                .orElse(0);
        switch (operation.change()) {
            case GETS_ITS_FIRST, ENDS ->
                assertThat(victim.isPresent()).as("%s", this).isEqualTo(!devices.isEmpty());
            case JOINS -> assertThat(members).as("%s", this).isEqualTo(published ? 2 : 1);
            case LEAVES -> assertThat(members).as("%s", this).isEqualTo(published ? 1 : 2);
            case SHRINKS ->
                assertThat(victim.orElseThrow().config().gpuMemory().isPresent())
                        .as("%s", this)
                        .isEqualTo(published);
            case LOCKS -> assertThat(device(0).lockHolders()).as("%s", this).hasSize(published ? 1 : 0);
            case UNLOCKS -> assertThat(device(0).lockHolders()).as("%s", this).hasSize(published ? 0 : 1);
            default -> {
                // only its devices
            }
        }
    }

    private List<Integer> victimsDevices(boolean published) {
        return switch (operation.change()) {
            case NOTHING, JOINS, LEAVES, LAPSES -> List.of();
            case GETS_ITS_FIRST -> published ? List.of(0) : List.of();
            case GETS_ANOTHER -> published ? List.of(0, 1) : List.of(0);
            case LOSES_ONE -> published ? List.of(0) : List.of(0, 1);
            case KEEPS, SHRINKS, LOCKS, UNLOCKS -> List.of(0);
            case ENDS -> published ? List.of() : List.of(0);
        };
    }

    /** Has somebody wait for all devices, of which the victim has some; not where others have them as well. */
    void letAnotherWait(SeatProbe probe) throws IOException {
        boolean published = !BEFORE_PUBLISHING.contains(point);
        if (operation == PointOperation.WAKE || victimsDevices(published).isEmpty()) {
            return;
        }
        seat = probe.watch(state, token);
        heir = new Heir(PointRound.open(state));
        while (device(0).waiters().isEmpty()) {
            Thread.onSpinWait();
        }
    }

    /** The victim was killed at that time, of {@link System#nanoTime}: who waits for what it had gets it. */
    void requireHeirServed(long killed, List<SeatProbe.Release> releases) throws Exception {
        Heir waiting = heir;
        if (waiting != null) {
            times.served(killed, releases.get(seat), waiting.servedAt());
            waiting.close();
        }
    }

    /** The victim is dead. */
    void requireNothingLeft() throws Exception {
        if (operation == PointOperation.WAKE) {
            assertThat(served()).as("%s", this).hasSize(4);
            Activation open = besides;
            assertThat(open).isNotNull();
            open.close();
        }
        Snapshot snapshot = snapshot();
        assertThat(env(snapshot, PointOperation.EID)).as("%s", this).isEmpty();
        assertThat(snapshot.devices()).as("%s", this).allSatisfy(device -> {
            assertThat(device.lockHolders()).isEmpty();
            assertThat(device.waiters()).isEmpty();
        });
        assertThat(env(snapshot, PointOperation.SHARED)
                        .map(env -> env.pids().size())
                        .orElse(0))
                .as("%s", this)
                .isEqualTo(
                        besides == null || env(snapshot, PointOperation.SHARED).isEmpty() ? 0 : 1);
        Activation open = besides;
        if (open != null) {
            open.close();
        }
        for (int i = 0; i < 10; i++) {
            try (GenvHost other = PointRound.open(state)) {
                long start = System.nanoTime();
                try (Activation activation = other.activate(gpus(PointOperation.DEVICES))) {
                    if (i == 0) {
                        times.reclaimed(System.nanoTime() - start);
                    }
                    assertThat(activation.devices()).as("%s", this).hasSize(PointOperation.DEVICES);
                    try (DeviceLock lock = other.tryLock().orElseThrow()) {
                        assertThat(lock.devices()).as("%s", this).hasSize(PointOperation.DEVICES);
                    }
                }
            }
        }
        assertThat(snapshot().envs()).as("%s", this).isEmpty();
    }

    /** That of the host that was opened last in this directory: who prepares the victim is the only one to open any then. */
    private long lastToken() throws IOException {
        ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        try (FileChannel channel = FileChannel.open(state.resolve("genv.state"), StandardOpenOption.READ)) {
            channel.read(word, FileLayout.TOKEN_OFFSET);
        } catch (NoSuchFileException none) {
            return 0; // it is the victim that makes it
        }
        return word.getLong(0);
    }

    private List<Integer> served() throws Exception {
        CompletableFuture<List<Integer>> future = waiter;
        assertThat(future).isNotNull();
        return future.get(20, TimeUnit.SECONDS);
    }

    private Snapshot snapshot() {
        return beside.snapshot();
    }

    private DeviceInfo device(int index) {
        return snapshot().devices().get(index);
    }

    private static Optional<EnvInfo> env(Snapshot snapshot, String eid) {
        return snapshot.envs().stream().filter(env -> env.eid().equals(eid)).findFirst();
    }

    static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }

    private static void leaveADeadProcess(Path state) {
        try (ChildJvm dead =
                ChildJvm.of(PointChild.class).jvmOptions(PointChild.OPTION).start()) {
            dead.tell(PointOperation.ACTIVATE + " " + CrashPoint.VARIABLES_SET + " " + state);
            dead.expect("prepared");
            dead.tell("go");
            dead.expect("crash point " + CrashPoint.VARIABLES_SET);
            dead.kill();
        }
    }

    /** The state directory, for those who make noise in it. */
    Path state() {
        return operation == PointOperation.REAP ? state.resolveSibling("REAP-beside") : state;
    }

    @Override
    public void close() {
        Heir waiting = heir;
        if (waiting != null) {
            waiting.close();
        }
        beside.close();
    }

    @Override
    public String toString() {
        return operation + " at " + point;
    }
}
