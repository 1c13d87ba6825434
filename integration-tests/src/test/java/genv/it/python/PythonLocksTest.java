// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.LockMode;
import genv.api.StateException;
import genv.it.check.Background;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Genv's locks are those of {@code flock(2)}: what one side holds the other side does not get, and waits for. */
class PythonLocksTest {
    private static final ActivationRequest TWO =
            ActivationRequest.of(EnvConfig.builder().gpus(2).build()).eid("a");

    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        FlockTool.assumeThere();
        state = PythonState.create(parent);
    }

    private Path lockFile(int device) {
        return state.directory().resolve("devices/" + device + ".lock");
    }

    @Test
    void shouldHoldOffOthersFromItsDevices() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO)) {
            try (DeviceLock lock = host.lock()) {
                assertThat(lock.devices()).containsExactly(0, 1);
                assertThat(FlockTool.isFree(lockFile(0))).isFalse();
                assertThat(FlockTool.isFree(lockFile(1))).isFalse();
                host.detach(1);
                assertThat(FlockTool.isFree(lockFile(1))).isTrue();
                host.attach(DeviceRequest.index(1));
                try (DeviceLock all = host.lock()) {
                    assertThat(all.devices()).containsExactly(0, 1);
                    assertThat(FlockTool.isFree(lockFile(1))).isFalse();
                }
            }
            assertThat(FlockTool.isFree(lockFile(0))).isTrue();
            assertThat(FlockTool.isFree(lockFile(1))).isTrue();
            assertThat(Files.getPosixFilePermissions(lockFile(0))).hasSize(6);
        }
    }

    @Test
    void shouldBeHeldOffByOthersWithATimeLimit() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO)) {
            try (FlockTool _ = FlockTool.hold(lockFile(1))) {
                assertThat(host.tryLock()).isEmpty();
                assertThat(host.tryLock(Duration.ofMillis(30))).isEmpty();
                assertThat(FlockTool.isFree(lockFile(0))).as("nothing is kept").isTrue();
            }
            assertThat(host.tryLock(Duration.ofMinutes(1))).hasValueSatisfying(DeviceLock::close);
        }
    }

    @Test
    void shouldWaitForOthersUntilTheyAreDone() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO)) {
            Background<DeviceLock> waiting;
            try (FlockTool _ = FlockTool.hold(lockFile(1))) {
                waiting = Background.start(host::lock);
                assertThat(host.tryLock()).isEmpty();
            }
            waiting.result().close();
            assertThat(FlockTool.isFree(lockFile(1))).isTrue();
        }
    }

    @Test
    void shouldEndAWaitWhenInterrupted() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO);
                FlockTool _ = FlockTool.hold(lockFile(1))) {
            Background<?> waiting = Background.start(() -> host.tryLock(Duration.ofMinutes(5)));
            waiting.interrupt();
            assertThatThrownBy(waiting::result).isInstanceOf(InterruptedException.class);
            assertThat(FlockTool.isFree(lockFile(0))).isTrue();
        }
    }

    @Test
    void shouldShowWhoHoldsALock() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO)) {
            try (DeviceLock _ = host.lock()) {
                assertThat(host.snapshot().device(0).orElseThrow().lockHolders())
                        .extracting(DeviceInfo.LockHolder::pid)
                        .containsExactly(ProcessHandle.current().pid());
            }
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).isEmpty();
        }
    }

    @Test
    void shouldWaitForGenvToFinishWithTheState() throws Exception {
        try (GenvHost host = state.open()) {
            Path lock = state.directory().resolve("genv.lock");
            Background<Activation> activating;
            try (FlockTool _ = FlockTool.hold(lock)) {
                activating = Background.start(() -> host.activate(TWO));
                Thread.onSpinWait();
                assertThat(state.envsText()).doesNotContain("\"a\"");
            }
            try (Activation activation = activating.result()) {
                assertThat(activation.devices()).containsExactly(0, 1);
                assertThat(FlockTool.isFree(lock)).isTrue();
            }
        }
    }

    /** The environment has to be looked up, since the files have changed, and cannot be. */
    @Test
    void shouldNotWaitForTheStateLongerThanForALockInAnInheritedEnvironment() throws Exception {
        try (GenvHost host = state.open();
                Activation activation = host.activate(TWO);
                Peer child = Peer.ofGenv(state.directory(), 2, peer -> {
                    activation.variables().forEach(peer::environment);
                    return peer;
                })) {
            assertThat(child.does("attached")).isEqualTo("[0, 1]");
            try (FlockTool _ = FlockTool.hold(state.directory().resolve("genv.lock"))) {
                Files.setLastModifiedTime(state.directory().resolve("envs.json"), FileTime.fromMillis(1));
                assertThat(child.does("tryLock wait=50")).isEqualTo("absent");
            }
            assertThat(child.does("tryLock wait=60000")).isEqualTo("[0, 1]");
            child.exits();
        }
    }

    @Test
    void shouldNotActivateWhenInterruptedWhileGenvHasTheState() throws Exception {
        try (GenvHost host = state.open();
                FlockTool _ = FlockTool.hold(state.directory().resolve("genv.lock"))) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> host.activate(TWO)).isInstanceOf(InterruptedWaitException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(state.envsText()).doesNotContain("\"a\"");
    }

    @Test
    void shouldSayWhoKeepsTheStateFromIt() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO)) {
            try (FlockTool _ = FlockTool.hold(state.directory().resolve("genv.lock"))) {
                assertThatThrownBy(() -> host.configure(EnvConfig.empty()))
                        .isInstanceOf(StateException.class)
                        .hasMessageContainingAll("path=" + state.directory().resolve("genv.lock"), "lslocks");
            }
            assertThat(host.configuration().gpus()).hasValue(2);
        }
    }

    @Test
    void shouldNotFollowALinkThatWasPlantedAsALock() throws Exception {
        Path victim = Files.writeString(parent.resolve("victim"), "precious");
        Path lock = state.directory().resolve("genv.lock");
        Files.createSymbolicLink(lock, victim);
        assertThatThrownBy(state::open).isInstanceOf(StateException.class).hasMessageContaining("symbolic link");
        assertThat(victim).hasContent("precious");
        Files.delete(lock);
        try (GenvHost host = state.open();
                Activation _ = host.activate(TWO)) {
            Files.createSymbolicLink(lockFile(0), victim);
            assertThatThrownBy(host::tryLock).isInstanceOf(StateException.class).hasMessageContaining("symbolic link");
            assertThat(victim).hasContent("precious");
        }
        assertThat(Files.isRegularFile(victim, LinkOption.NOFOLLOW_LINKS)).isTrue();
    }

    @Test
    void shouldRefuseWhatTheFilesHaveNoPlaceForAndSaySo() {
        try (GenvHost host = state.open()) {
            ActivationRequest waiting = TWO.waitUpTo(Duration.ofSeconds(1));
            Refusal.on(host, GenvException.class, () -> host.activate(waiting), "no place for a queue");
            Refusal.on(host, GenvException.class, () -> host.call(waiting, () -> ""), "no place for a queue");
            Refusal.on(
                    host,
                    GenvException.class,
                    () -> host.activate(TWO.lease(Duration.ofMinutes(1))),
                    "no place for leases");
            try (Activation _ = host.activate(TWO)) {
                Refusal.on(
                        host,
                        GenvException.class,
                        () -> host.attach(DeviceRequest.gpus(1).waitUpTo(Duration.ofSeconds(1))),
                        "no place for a queue");
                Refusal.on(host, GenvException.class, () -> host.lock(LockMode.SHARE), "LockMode.EXCLUSIVE");
                try (DeviceLock _ = host.lock()) {
                    Optional<DeviceLock> nested = host.tryLock(LockMode.SHARE);
                    assertThat(nested).as("within one's own exclusive lock").isPresent();
                    nested.orElseThrow().close();
                }
            }
        }
    }
}
