// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static genv.faults.neighbours.Neighbour.gpus;
import static genv.faults.neighbours.Neighbour.ok;
import static genv.faults.neighbours.Neighbour.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DevicesUnavailableException;
import genv.api.GenvHost;
import genv.api.StateException;
import genv.core.layout.CellLayout;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.faults.fuzz.StateImage;
import genv.testkit.process.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A reboot, which ends everybody's seat, and clocks that cannot be trusted. */
class HostTimesTest {
    private Path state;
    private Path file;

    @BeforeEach
    void prepare(@TempDir Path temp) {
        state = temp.resolve("state");
        file = state.resolve("genv.state");
    }

    // ---- reboot ----------------------------------------------------------------------------------------------------

    /** What a reboot does to the files: nobody holds a lock, and the kernel has another boot identifier. */
    private void reboot() throws Exception {
        StateImage image = StateImage.read(file);
        image.word(FileLayout.BOOT_OFFSET, image.word(FileLayout.BOOT_OFFSET) ^ 0x5555_5555L);
        image.writeOver(file);
    }

    @Test
    void shouldStartCleanAfterARebootAndUseNoNumberTwice() throws Exception {
        try (ChildJvm before = Neighbour.on(state).start()) {
            ok(before, "activate before 2");
            before.kill();
        }
        StateImage old = StateImage.read(file);
        assertThat(old.envCount()).isEqualTo(1);
        reboot();
        try (GenvHost host = GenvHost.open(Neighbour.options(state));
                Activation after = host.activate(gpus(2))) {
            assertThat(after.devices()).containsExactly(0, 1);
            assertThat(host.snapshot().env("before")).isEmpty();
        }
        StateImage now = StateImage.read(file);
        assertThat(RootWord.version(now.word(FileLayout.ROOT_OFFSET)))
                .as("version")
                .isGreaterThan(RootWord.version(old.word(FileLayout.ROOT_OFFSET)));
        assertThat(now.word(FileLayout.TOKEN_OFFSET)).as("tokens").isGreaterThan(old.word(FileLayout.TOKEN_OFFSET));
    }

    @Test
    void shouldNotTakeDamageForARebootWhileProcessesLive() throws Exception {
        try (ChildJvm before = Neighbour.on(state).start()) {
            ok(before, "activate before 1");
            reboot();
            assertThatThrownBy(() -> GenvHost.open(Neighbour.options(state)).close())
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("boot");
            assertThat(ok(before, "envs")).isEqualTo("before");
        }
    }

    @Test
    void shouldNotTakeDamageForARebootWhileAnAdoptedProcessLives() throws Exception {
        try (ChildJvm parent = Neighbour.on(state).start()) {
            ok(parent, "activate before 2");
            long adopted = Long.parseLong(ok(parent, "start sleep 1000"));
            parent.kill();
            reboot();
            assertThatThrownBy(() -> GenvHost.open(Neighbour.options(state)).close())
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("pid=" + adopted);
            reboot(); // mends it again
            try (GenvHost host = GenvHost.open(Neighbour.options(state))) {
                assertThat(host.snapshot().env("before")).isPresent();
                assertThatThrownBy(() -> host.activate(gpus(1)).close())
                        .isInstanceOf(DevicesUnavailableException.class);
            }
        }
    }

    /** A process that sees another boot identifier than the kernel's, or none, must not take that for a reboot. */
    @ParameterizedTest
    @ValueSource(strings = {"11111111-2222-3333-4444-555555555555\n", ""})
    void shouldRefuseToOpenWhereTheBootIdentifierIsNotTheKernels(String content, @TempDir Path temp) throws Exception {
        Machine.assumeMountNamespaces();
        Path identifier = Files.writeString(temp.resolve("boot_id"), content);
        try (ChildJvm parent = Neighbour.on(state).start()) {
            ok(parent, "activate before 2");
            ok(parent, "start sleep 1000");
            parent.kill();
            try (ChildJvm misled = Neighbour.on(state)
                    .wrapper(
                            "unshare",
                            "--mount",
                            "sh",
                            "-c",
                            "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"",
                            identifier.toString())
                    .start()) {
                assertThat(misled.awaitExitCode()).isNotZero();
                assertThat(misled.errorOutput())
                        .contains("StateException", "the boot identifier of the kernel cannot be read");
            }
            try (GenvHost host = GenvHost.open(Neighbour.options(state))) {
                assertThat(host.snapshot().env("before")).isPresent();
                assertThatThrownBy(() -> host.activate(gpus(1)).close())
                        .isInstanceOf(DevicesUnavailableException.class);
            }
        }
    }

    // ---- clocks ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"1971-01-01T00:00:00Z", "2100-01-01T00:00:00Z"})
    void shouldNotCareForTheTimesOfFiles(String time) throws Exception {
        try (ChildJvm first = Neighbour.on(state).name("first").start()) {
            ok(first, "activate first 1");
            for (Path path : new Path[] {file, state.resolve("genv.live"), state}) {
                Files.setLastModifiedTime(path, FileTime.from(Instant.parse(time)));
            }
            try (ChildJvm second = Neighbour.on(state).name("second").start()) {
                assertThat(ok(second, "activate second 1")).isEqualTo("[1]");
                assertThat(ok(first, "envs")).isEqualTo("first,second");
            }
        }
    }

    /** A process for which the host has been up for a day longer: a lease of an hour is not over for it. */
    @Test
    void shouldCountLeasesAlikeInATimeNamespaceThatIsAhead() {
        Machine.assumeTimeNamespaces();
        try (GenvHost here = GenvHost.open(Neighbour.options(state));
                ChildJvm ahead = Neighbour.on(state)
                        .name("ahead")
                        .wrapper("unshare", "--fork", "--time", "--boottime", "86400", "--monotonic", "3600")
                        .start()) {
            ActivationRequest hour = ActivationRequest.of(gpus(2)).lease(Duration.ofHours(1));
            try (Activation own = here.activate(hour)) {
                assertThat(refused(ahead, "activate ahead 1")).contains("DevicesUnavailableException");
                assertThat(own.devices()).containsExactly(0, 1);
            }
            ok(ahead, "lease ahead 2 3600000");
            assertThatThrownBy(() -> here.activate(gpus(1)).close()).isInstanceOf(DevicesUnavailableException.class);
            Instant end = here.snapshot().env("ahead").orElseThrow().leaseEnd().orElseThrow();
            assertThat(end).isBefore(Instant.now().plus(Duration.ofHours(2)));
            ok(ahead, "leave");
            ok(ahead, "lease ahead 2 1");
            try (Activation own = here.activate(ActivationRequest.of(gpus(2)).waitUpTo(Duration.ofMinutes(1)))) {
                assertThat(own.devices()).as("what is over there is over here").containsExactly(0, 1);
            }
        }
    }

    /** A stopped process keeps its place and not the devices that are free: also if it seems to have come in an hour only. */
    @Test
    void shouldPassOverAStoppedProcessThatBeganToWaitBeforeTheClockWasSetBack() throws Exception {
        try (ChildJvm stopped = Neighbour.on(state).name("stopped").start();
                GenvHost host = GenvHost.open(Neighbour.options(state))) {
            Activation all = host.activate(gpus(2));
            ok(stopped, "wait stopped 2");
            while (host.snapshot().waiters().isEmpty()) {
                Thread.onSpinWait();
            }
            stopped.stop();
            StateImage image = StateImage.read(file);
            image.requireSound();
            long since =
                    FileLayout.recordAt(image.record()) + RecordLayout.WAITER_OFFSET + 8L * RecordLayout.WAITER_SINCE;
            image.word(since, image.word(since) + Duration.ofHours(1).toMillis());
            image.sealRecord();
            image.writeOver(file);
            // this process has a copy of the record, until another one publishes what it finds in the file
            try (GenvHost fresh = GenvHost.open(Neighbour.options(state))) {
                fresh.activate().close();
            }
            assertThat(host.snapshot().waiters().getFirst().since())
                    .isAfter(Instant.now().plus(Duration.ofMinutes(50)));
            all.close();
            try (Activation own = host.activate(ActivationRequest.of(gpus(2)).waitUpTo(Duration.ofMinutes(1)))) {
                assertThat(own.devices()).containsExactly(0, 1);
            }
        }
    }

    /** The clock of the whole machine cannot be set back for a test: so what was written seems to come from the future. */
    @Test
    void shouldWorkWhenTheClockWasSetBackByAYear() throws Exception {
        try (ChildJvm first = Neighbour.on(state).name("first").start();
                GenvHost host = GenvHost.open(Neighbour.options(state))) {
            ok(first, "activate first 1");
            StateImage image = StateImage.read(file);
            image.requireSound();
            int cell = image.firstCells().getFirst();
            long payload = FileLayout.cellAt(cell) + CellLayout.PAYLOAD_OFFSET;
            long year = Duration.ofDays(365).toMillis();
            image.word(payload + 8, image.word(payload + 8) + year); // created
            image.word(payload + 7 * 8, image.word(payload + 7 * 8) + (year << 16)); // attached since
            image.sealCell(cell);
            image.writeOver(file);
            Instant tomorrow = Instant.now().plus(Duration.ofDays(1));
            assertThat(host.snapshot().env("first").orElseThrow().created()).isAfter(tomorrow);
            assertThat(host.snapshot().device(0).orElseThrow().attachments())
                    .allMatch(attachment -> attachment.since().isAfter(tomorrow));
            assertThatThrownBy(() -> host.activate(gpus(2)).close()).isInstanceOf(DevicesUnavailableException.class);
            try (Activation own = host.activate(gpus(1))) {
                assertThat(own.devices()).containsExactly(1);
                Optional<DeviceLock> lock = host.tryLock(Duration.ofSeconds(5));
                assertThat(lock).isPresent();
                lock.get().close();
            }
            first.kill();
            try (Activation own = host.activate(gpus(2))) {
                assertThat(own.devices()).containsExactly(0, 1);
            }
        }
    }
}
