// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

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
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.Snapshot;
import genv.core.state.CrashPoint;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A process is stopped at each named step of each operation. While it stands there it keeps what it has, and nobody is held
 * up; when it is killed there, others go on at once, see the old state or the new one, and get what it had.
 */
class CrashTest {
    private static final Set<CrashPoint> BEFORE_PUBLISHING = EnumSet.of(
            CrashPoint.COPIED,
            CrashPoint.EDITED,
            CrashPoint.RECORD_CLAIMED,
            CrashPoint.CELL_CLAIMED,
            CrashPoint.WRITTEN,
            CrashPoint.STAMPED);

    @TempDir
    private Path directory;

    @Test
    void shouldReachEveryCrashPoint() {
        Set<CrashPoint> reached = EnumSet.noneOf(CrashPoint.class);
        for (CrashOperation operation : CrashOperation.values()) {
            reached.addAll(operation.points());
        }
        assertThat(reached).containsExactlyInAnyOrder(CrashPoint.values());
    }

    @ParameterizedTest
    @EnumSource
    void shouldHoldNobodyUpAndLeaveNothingBehindWhenStoppedAndKilledAt(CrashPoint point) throws Exception {
        List<Victim> victims = new ArrayList<>();
        try (ChildJvm child =
                ChildJvm.of(CrashChild.class).jvmOptions(CrashChild.OPTION).start()) {
            for (CrashOperation operation : CrashOperation.values()) {
                if (operation.points().contains(point)) {
                    victims.add(new Victim(operation, point, directory));
                }
            }
            for (Victim victim : victims) {
                victim.bringToItsCrashPoint(child);
            }

            child.stop();
            for (Victim victim : victims) {
                victim.requireOthersToGoOn();
            }

            child.kill();
            for (Victim victim : victims) {
                victim.requireNothingLeft();
            }
        } finally {
            victims.forEach(Victim::close);
        }
    }

    /** More processes than there are records, half of them at a time, die while each of them owns a record and a cell. */
    @Test
    void shouldNotRunOutOfRecordsHoweverManyProcessesDieWhileTheyWrite() throws Exception {
        CrashPoint[] points = {CrashPoint.CELL_CLAIMED, CrashPoint.WRITTEN, CrashPoint.STAMPED, CrashPoint.PUBLISHED};
        for (int round = 0; round < 3; round++) {
            try (ChildJvm child =
                    ChildJvm.of(CrashChild.class).jvmOptions(CrashChild.OPTION).start()) {
                for (int i = 0; i < 60; i++) {
                    CrashPoint point = points[i % points.length];
                    // activations under one identifier: those that are published join, which reserves nothing more
                    child.tell("ACTIVATE " + point + " " + directory);
                    child.expect("prepared");
                    child.tell("go");
                    child.expect("crash point " + point);
                }
                requireAllDevices(directory, false);
                child.kill();
            }
            requireAllDevices(directory, true);
        }
    }

    private static void requireAllDevices(Path state, boolean free) {
        try (GenvHost host = open(state)) {
            for (int i = 0; i < 100; i++) {
                try (Activation activation = host.activate()) {
                    assertThat(activation.devices()).isEmpty();
                    if (free) {
                        assertThat(host.attach(DeviceRequest.gpus(CrashOperation.DEVICES)))
                                .hasSize(CrashOperation.DEVICES);
                    }
                }
            }
        }
    }

    static GenvHost open(Path state) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(state)
                .backend(SimulatedBackend.of(CrashOperation.DEVICES))
                .processEnvironment(false)
                .build());
    }

    /** One operation that is stopped, in a state directory of its own, and the process beside it. */
    private static final class Victim implements AutoCloseable {
        private final CrashOperation operation;
        private final CrashPoint point;
        private final Path state;
        private final GenvHost beside;
        private @Nullable Activation besides;
        private @Nullable CompletableFuture<List<Integer>> waiter;

        Victim(CrashOperation operation, CrashPoint point, Path directory) throws Exception {
            this.operation = operation;
            this.point = point;
            this.state = Files.createDirectories(directory.resolve(operation.name()));
            if (operation == CrashOperation.REAP) {
                leaveADeadProcess(state);
            }
            this.beside = open(operation == CrashOperation.REAP ? directory.resolve("REAP-beside") : state);
            if (operation == CrashOperation.JOIN || operation == CrashOperation.LEAVE_SHARED) {
                besides =
                        beside.activate(ActivationRequest.of(EnvConfig.empty()).eid(CrashOperation.SHARED));
            } else if (operation == CrashOperation.WAIT) {
                besides = beside.activate(gpus(CrashOperation.DEVICES));
            }
        }

        void bringToItsCrashPoint(ChildJvm child) throws Exception {
            child.tell(operation + " " + point + " " + state);
            child.expect("prepared");
            if (operation == CrashOperation.WAKE) {
                besides = beside.activate(gpus(CrashOperation.DEVICES - 1));
                CompletableFuture<List<Integer>> future = new CompletableFuture<>();
                waiter = future;
                Thread.ofPlatform().daemon().start(() -> {
                    try {
                        future.complete(beside.attach(
                                DeviceRequest.gpus(CrashOperation.DEVICES).waitUpTo(Duration.ofMinutes(2))));
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
            if (operation == CrashOperation.WAKE) {
                if (published) {
                    assertThat(served())
                            .as(this + ": a ring that is owed by a stopped process")
                            .hasSize(4);
                } else {
                    assertThat(device(0).attachments()).as("%s", this).hasSize(1);
                }
                return;
            }
            requireVictimAsItIs(published);
            if (operation == CrashOperation.WAIT) {
                return; // all devices are in use
            }
            try (GenvHost other = open(state);
                    Activation activation = other.activate(
                            ActivationRequest.of(EnvConfig.empty()).eid("other"))) {
                int free = CrashOperation.DEVICES - 1;
                if (operation == CrashOperation.REAP) {
                    assertThat(other.attach(DeviceRequest.gpus(CrashOperation.DEVICES)))
                            .hasSize(4);
                }
                assertThat(other.attach(DeviceRequest.index(free)))
                        .as("%s", this)
                        .contains(free);
                Optional<DeviceLock> lock = other.tryLock(LockMode.EXCLUSIVE, Duration.ofSeconds(20));
                assertThat(lock).as("%s", this).isPresent();
                lock.orElseThrow().close();
                for (int held : victimsDevices(published)) {
                    if (operation != CrashOperation.CONFIGURE) {
                        assertThatThrownBy(() -> other.attach(DeviceRequest.index(held)))
                                .as("%s", this)
                                .isInstanceOf(DevicesUnavailableException.class)
                                .hasMessageContaining(CrashOperation.EID);
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
            Optional<EnvInfo> victim = env(snapshot, CrashOperation.EID);
            List<Integer> devices = victimsDevices(published);
            assertThat(victim.map(EnvInfo::devices).orElse(List.of()))
                    .as("%s", this)
                    .isEqualTo(devices);
            int members = env(snapshot, CrashOperation.SHARED)
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
                case UNLOCKS ->
                    assertThat(device(0).lockHolders()).as("%s", this).hasSize(published ? 0 : 1);
                default -> {
                    // only its devices
                }
            }
        }

        private List<Integer> victimsDevices(boolean published) {
            return switch (operation.change()) {
                case NOTHING, JOINS, LEAVES -> List.of();
                case GETS_ITS_FIRST -> published ? List.of(0) : List.of();
                case GETS_ANOTHER -> published ? List.of(0, 1) : List.of(0);
                case LOSES_ONE -> published ? List.of(0) : List.of(0, 1);
                case SHRINKS, LOCKS, UNLOCKS -> List.of(0);
                case ENDS -> published ? List.of() : List.of(0);
            };
        }

        /** The victim is dead. */
        void requireNothingLeft() throws Exception {
            if (operation == CrashOperation.WAKE) {
                assertThat(served()).as("%s", this).hasSize(4);
                Activation open = besides;
                assertThat(open).isNotNull();
                open.close();
            }
            Snapshot snapshot = snapshot();
            assertThat(env(snapshot, CrashOperation.EID)).as("%s", this).isEmpty();
            assertThat(snapshot.devices()).as("%s", this).allSatisfy(device -> {
                assertThat(device.lockHolders()).isEmpty();
                assertThat(device.waiters()).isEmpty();
            });
            assertThat(env(snapshot, CrashOperation.SHARED)
                            .map(env -> env.pids().size())
                            .orElse(0))
                    .as("%s", this)
                    .isEqualTo(
                            besides == null
                                            || env(snapshot, CrashOperation.SHARED)
                                                    .isEmpty()
                                    ? 0
                                    : 1);
            Activation open = besides;
            if (open != null) {
                open.close();
            }
            for (int i = 0; i < 10; i++) {
                try (GenvHost other = open(state);
                        Activation activation = other.activate(gpus(CrashOperation.DEVICES))) {
                    assertThat(activation.devices()).as("%s", this).hasSize(CrashOperation.DEVICES);
                    try (DeviceLock lock = other.tryLock().orElseThrow()) {
                        assertThat(lock.devices()).as("%s", this).hasSize(CrashOperation.DEVICES);
                    }
                }
            }
            assertThat(snapshot().envs()).as("%s", this).isEmpty();
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

        private static ActivationRequest gpus(int count) {
            return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
        }

        private static void leaveADeadProcess(Path state) {
            try (ChildJvm dead =
                    ChildJvm.of(CrashChild.class).jvmOptions(CrashChild.OPTION).start()) {
                dead.tell(CrashOperation.ACTIVATE + " " + CrashPoint.VARIABLES_SET + " " + state);
                dead.expect("prepared");
                dead.tell("go");
                dead.expect("crash point " + CrashPoint.VARIABLES_SET);
                dead.kill();
            }
        }

        @Override
        public void close() {
            beside.close();
        }

        @Override
        public String toString() {
            return operation + " at " + point;
        }
    }
}
