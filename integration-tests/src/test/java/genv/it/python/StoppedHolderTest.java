// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.StateException;
import genv.it.check.Background;
import genv.it.check.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Genv command is stopped (SIGSTOP, a debugger) while it has the state or a device locked. */
class StoppedHolderTest {
    private static final ActivationRequest ONE =
            ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("mine");

    private static final ActivationRequest ANOTHER =
            ActivationRequest.of(EnvConfig.empty()).eid("another");

    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        FlockTool.assumeThere();
        state = PythonState.create(parent);
        state.devices("", "");
    }

    private Path stateLock() {
        return state.directory().resolve("genv.lock");
    }

    private Path deviceLock() {
        return state.directory().resolve("devices/0.lock");
    }

    /** Something is written, so that what is known of the files does not serve any more. */
    private void change() throws IOException {
        Path devices = state.directory().resolve("devices.json");
        Files.writeString(devices, Files.readString(devices) + "\n");
    }

    @Test
    void shouldKeepTheLimitOfALockWhileTheStateIsStopped() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            try (FlockTool _ = FlockTool.hold(stateLock())) {
                change();
                assertThat(host.tryLock(Duration.ofMillis(20))).isEmpty();
            }
            assertThat(host.tryLock(Duration.ofMillis(20))).hasValueSatisfying(DeviceLock::close);
        }
    }

    @Test
    void shouldEndALockThatIsInterruptedWhileTheStateIsStopped() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            try (FlockTool _ = FlockTool.hold(stateLock())) {
                change();
                for (Duration limit : new Duration[] {Duration.ofSeconds(5), Duration.ofDays(1)}) {
                    Background<Optional<DeviceLock>> waiting = Background.start(() -> host.tryLock(limit));
                    waiting.interrupt();
                    assertThatThrownBy(waiting::result).isInstanceOf(InterruptedException.class);
                }
            }
        }
    }

    /** In turn each of them would wait for ten seconds. */
    @Test
    void shouldTellAllWhoWaitAsSoonAsOneHasWaitedInVain() throws Exception {
        try (GenvHost host = state.open()) {
            List<Background<String>> waiting = new ArrayList<>();
            try (FlockTool _ = FlockTool.hold(stateLock())) {
                for (int i = 0; i < 20; i++) {
                    waiting.add(Background.start(() -> host.call(ONE, () -> "")));
                }
                Background<Integer> all = Background.start(() -> {
                    for (Background<String> one : waiting) {
                        Refusal.of(StateException.class, one::result, "path=" + stateLock(), "lslocks");
                    }
                    return waiting.size();
                });
                assertThat(all.result())
                        .as("told, all of them within the limit of a test")
                        .isEqualTo(20);
            }
            try (Activation mine = host.activate(ONE)) {
                assertThat(mine.devices()).containsExactly(0);
            }
        }
    }

    /** The first has the turn of this process and waits for the file; the second waits for the turn. */
    @Test
    void shouldEndAnActivationThatIsInterruptedBehindAnother() throws Exception {
        try (GenvHost host = state.open();
                FlockTool _ = FlockTool.hold(stateLock())) {
            Background<String> first = Background.start(() -> host.call(ONE, () -> "first"));
            Background<String> second = Background.start(() -> host.call(ONE, () -> "second"));
            second.interrupt();
            first.interrupt();
            assertThatThrownBy(second::result).isInstanceOf(InterruptedWaitException.class);
            assertThatThrownBy(first::result).isInstanceOf(InterruptedWaitException.class);
        }
        assertThat(state.envsText()).doesNotContain("eid");
    }

    /** Another thread has the turn of this process, and waits for the state. */
    @Test
    void shouldLockWithinALockAndGiveItBackWhileAnotherThreadWaitsForTheState() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            DeviceLock outer = host.lock();
            Background<String> changing;
            try (FlockTool _ = FlockTool.hold(stateLock())) {
                changing = Background.start(() -> host.call(ANOTHER, () -> "changed"));
                changing.awaitWaiting();
                host.tryLock(Duration.ofMillis(20)).orElseThrow().close();
                host.lock().close();
                assertThat(host.attached()).containsExactly(0);
                assertThat(host.snapshot().env("mine")).isPresent();
                outer.close();
                assertThat(FlockTool.isFree(deviceLock())).isTrue();
                host.tryLock(Duration.ofMillis(500)).orElseThrow().close();
                assertThat(changing.isDone()).as("all of this while it waits").isFalse();
            }
            assertThat(changing.result()).isEqualTo("changed");
        }
    }

    @Test
    void shouldKeepTheLimitOfALockWithinALockWhileTheStateIsStopped() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE);
                DeviceLock outer = host.lock()) {
            Background<String> changing;
            try (FlockTool _ = FlockTool.hold(stateLock())) {
                changing = Background.start(() -> host.call(ANOTHER, () -> "changed"));
                changing.awaitWaiting();
                change();
                assertThat(host.tryLock(Duration.ofMillis(20))).isEmpty();
                Background<Optional<DeviceLock>> waiting = Background.start(() -> host.tryLock(Duration.ofDays(1)));
                waiting.interrupt();
                assertThatThrownBy(waiting::result).isInstanceOf(InterruptedException.class);
                assertThat(changing.isDone()).as("all of this while it waits").isFalse();
            }
            assertThat(changing.result()).isEqualTo("changed");
            assertThat(outer.devices()).containsExactly(0);
        }
    }

    @Test
    void shouldGiveLocksBackThatWereTakenWhenTheStateCannotBeReadAfterwards() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            String sound = state.envsText();
            Background<Optional<DeviceLock>> waiting;
            try (FlockTool _ = FlockTool.hold(deviceLock())) {
                waiting = Background.start(() -> host.tryLock(Duration.ofMinutes(1)));
                waiting.awaitWaiting();
                Files.writeString(state.directory().resolve("envs.json"), "{");
            }
            Refusal.of(StateException.class, waiting::result, "left as it is");
            assertThat(FlockTool.isFree(deviceLock())).isTrue();
            Files.writeString(state.directory().resolve("envs.json"), sound);
            host.lock().close();
        }
    }

    @Test
    void shouldLetManyVirtualThreadsWaitForADevice() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(ONE)) {
            List<Background<Boolean>> waiting = new ArrayList<>();
            try (FlockTool _ = FlockTool.hold(deviceLock())) {
                for (int i = 0; i < 500; i++) {
                    waiting.add(Background.start(() -> {
                        try (DeviceLock lock = host.lock()) {
                            return lock.devices().equals(List.of(0));
                        }
                    }));
                }
                assertThat(host.tryLock()).isEmpty();
                assertThat(host.snapshot().envs()).hasSize(1); // carriers are free for others
            }
            for (Background<Boolean> one : waiting) {
                assertThat(one.result()).isTrue();
            }
            assertThat(FlockTool.isFree(deviceLock())).isTrue();
        }
    }

    @Test
    void shouldGiveADeviceBackThatIsDetachedWhileItIsLockedAndWaitedFor() throws Exception {
        try (GenvHost host = state.open();
                Activation mine = host.activate(ONE);
                DeviceLock lock = host.lock()) {
            assertThat(lock.devices()).isEqualTo(mine.devices());
            Process waiting = new ProcessBuilder("/usr/bin/flock", deviceLock().toString(), "true").start();
            try {
                assertThat(host.detach()).isEmpty();
                assertThat(waiting.waitFor())
                        .as("Genv, in another environment, has it now")
                        .isZero();
            } finally {
                waiting.destroyForcibly();
            }
        }
    }
}
