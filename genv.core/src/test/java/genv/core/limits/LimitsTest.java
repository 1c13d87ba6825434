// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.MemorySize;
import genv.api.StateException;
import genv.api.WaiterInfo;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The owner's limits on hosts of one process. */
@GenvTest(devices = 8)
class LimitsTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    private GenvHosts hosts;

    @BeforeEach
    void remember(GenvHosts injected) {
        hosts = injected;
    }

    @Test
    void shouldRefuseAtOnceWhatOneEnvironmentMayNeverHave() throws Exception {
        write("{ 'environmentDevices': 2, 'environmentMemory': '10g' }");
        GenvHost host = hosts.open();
        assertThatThrownBy(() -> host.activate(gpus(3).waitUpTo(LONG)))
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("more devices than one environment may have: asked=3 limit=2")
                .hasMessageContaining("limits.json");
        assertThatThrownBy(() -> host.activate(gpus(1)))
                .as("a whole device of 16g")
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("asked=16g limit=10g");
        assertThatThrownBy(() -> host.activate(shares(2, "6g").overSubscribed()))
                .hasMessageContaining("asked=12g limit=10g");
        assertThat(host.snapshot().envs()).isEmpty();
        assertThat(host.activate(shares(2, "5g")).devices()).hasSize(2);
        assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(3))).hasMessageContaining("asked=3 limit=2");
        assertThatThrownBy(() -> host.attach(DeviceRequest.index(7))).hasMessageContaining("asked=3 limit=2");
        assertThatThrownBy(
                        () -> host.configure(EnvConfig.builder().gpuMemory("6g").build()))
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("asked=12g limit=10g");
        assertThatThrownBy(() -> host.configure(EnvConfig.empty())).hasMessageContaining("asked=32g limit=10g");
        host.configure(EnvConfig.builder().gpuMemory("1g").build());
    }

    @Test
    void shouldCountWhatAUserHasAltogether() throws Exception {
        write("{ 'userDevices': 3, 'userMemory': '30g' }");
        GenvHost one = hosts.open();
        one.activate(shares(2, "8g"));
        GenvHost two = hosts.open();
        assertThatThrownBy(() -> two.activate(shares(4, "1g").waitUpTo(LONG)))
                .as("never")
                .hasMessageContaining("more devices than a user may have: asked=4 limit=3");
        assertThatThrownBy(() -> two.activate(shares(2, "1g")))
                .as("not now")
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("the user has too many devices for more: asked=2 in_use=2 limit=3")
                .hasMessageContaining("waitUpTo");
        assertThatThrownBy(() -> two.activate(gpus(1))).hasMessageContaining("asked=16g in_use=16g limit=30g");
        assertThatThrownBy(() -> two.activate(shares(1, "15g"))).hasMessageContaining("asked=15g in_use=16g limit=30g");
        assertThat(two.activate(shares(1, "14g")).devices()).hasSize(1);
        assertThatThrownBy(
                        () -> one.configure(EnvConfig.builder().gpuMemory("9g").build()))
                .hasMessageContaining("asked=18g in_use=14g limit=30g");
    }

    @Test
    void shouldLetARequestWaitForTheUsersOwnAndHoldUpNobody() throws Exception {
        write("{ 'userDevices': 2 }");
        GenvHost one = hosts.open();
        Activation first = one.activate(gpus(2));
        GenvHost two = hosts.open();
        CompletableFuture<List<Integer>> waiting = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                waiting.complete(two.activate(gpus(2).waitUpTo(LONG)).devices());
            } catch (RuntimeException e) {
                waiting.completeExceptionally(e);
            }
        });
        awaitWaiters(1);
        GenvHost three = hosts.open();
        three.activate();
        assertThat(waiting).isNotDone();
        write("{ 'userDevices': 4 }"); // its limit is raised: it is served, though nothing was freed
        assertThat(waiting.get(1, TimeUnit.MINUTES)).containsExactly(2, 3);
        first.close();
    }

    @Test
    @GenvTest(devices = 3)
    void shouldGiveDevicesOfWhichTheLimitAllowsTheMemory() throws Exception {
        hosts.backend()
                .setDevice(SimulatedBackend.device(0)
                        .totalMemory(MemorySize.parse("80g"))
                        .build());
        GenvHost host = hosts.open();
        write("{ 'environmentMemory': '40g', 'userMemory': '50g' }");
        assertThatThrownBy(() -> hosts.open().activate(gpus(3)))
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("asked=112g limit=40g");
        Activation first = host.activate(gpus(1));
        assertThat(first.devices()).as("the first device is too large").containsExactly(1);
        GenvHost other = hosts.open();
        assertThatThrownBy(() -> other.activate(gpus(1).placement(question -> List.of(0))))
                .as("it is no candidate")
                .hasMessageContaining("candidates=[2]");
        assertThat(other.activate(gpus(1).overSubscribed()).devices()).containsExactly(2);
        assertThatThrownBy(() -> hosts.open().activate(gpus(2))).hasMessageContaining("asked=32g in_use=32g limit=50g");
        assertThatThrownBy(() -> hosts.open().activate(gpus(1)))
                .as("those that it may have are taken")
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageNotContaining("limit=");
    }

    /** The large one waits for two that are in use; small ones of the same user, which the limit would allow, come after it. */
    @Test
    void shouldServeTheRequestsOfAUserInOrderUnderALimit() throws Exception {
        write("{ 'userDevices': 4 }");
        GenvHost one = hosts.open();
        one.activate(gpus(2));
        GenvHost two = hosts.open();
        CompletableFuture<Integer> large = begin(two, gpus(4).eid("large"));
        awaitWaiters(1);
        assertThatThrownBy(() -> hosts.open().activate(gpus(1)))
                .as("allowed, were it not for the one before")
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("asked=1 in_use=2 asked_before=4 limit=4");
        CompletableFuture<Integer> small = begin(hosts.open(), gpus(1).eid("small"));
        assertThat(awaitWaiters(2))
                .satisfiesExactly(
                        first -> assertThat(first.eid()).isEqualTo("large"),
                        second -> assertThat(second.eid()).isEqualTo("small"))
                .allSatisfy(waiter -> assertThat(waiter.devices()).isEmpty())
                .allMatch(WaiterInfo::limited);
        one.detach();
        assertThat(large.get(1, TimeUnit.MINUTES)).isEqualTo(4);
        assertThat(small.get(1, TimeUnit.MINUTES))
                .as("once the large one has left")
                .isEqualTo(1);
    }

    /** It waits for devices, and what it asks for is not to be used up until there are some. */
    @Test
    @GenvTest(devices = 3)
    void shouldKeepWhatALimitLeavesForWhoWaitsForDevices() throws Exception {
        write("{ 'userMemory': '20g' }");
        GenvHost one = hosts.open();
        one.activate(shares(3, "1g"));
        CompletableFuture<Integer> large = begin(hosts.open(), gpus(1).eid("large"));
        assertThat(awaitWaiters(1).getFirst().devices()).containsExactly(0, 1, 2);
        assertThatThrownBy(() -> hosts.open().activate(shares(1, "10g").overSubscribed()))
                .hasMessageContaining("asked=10g in_use=3g asked_before=unknown limit=20g");
        one.detach(2);
        assertThat(large.get(1, TimeUnit.MINUTES)).isEqualTo(1);
    }

    private static CompletableFuture<Integer> begin(GenvHost host, ActivationRequest request) {
        CompletableFuture<Integer> count = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                host.run(
                        request.waitUpTo(LONG),
                        () -> count.complete(host.attached().size()));
            } catch (RuntimeException e) {
                count.completeExceptionally(e);
            }
        });
        return count;
    }

    private List<WaiterInfo> awaitWaiters(int count) {
        while (true) {
            List<WaiterInfo> waiters = hosts.host().snapshot().waiters();
            if (waiters.size() == count) {
                return waiters;
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldBoundWaits() throws Exception {
        write("{ 'longestWait': '10s' }");
        GenvHost host = hosts.open();
        assertThatThrownBy(() -> host.activate(gpus(1).waitUpTo(Duration.ofSeconds(11))))
                .hasMessageContaining("asked=PT11S limit=PT10S");
        host.activate(gpus(1).waitUpTo(Duration.ofSeconds(10)));
        assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2).waitUpTo(Duration.ofDays(400_000))))
                .hasMessageContaining("limit=PT10S");
        assertThatThrownBy(() -> host.attach(DeviceRequest.index(1).waitUpTo(LONG)))
                .hasMessageContaining("limit=PT10S");
    }

    @Test
    void shouldDemandLeases() throws Exception {
        write("{ 'longestLease': '2h' }");
        GenvHost host = hosts.open();
        assertThatThrownBy(() -> host.activate(gpus(1).lease(Duration.ofHours(3))))
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("asked=PT3H limit=PT2H");
        Activation env = host.activate(gpus(1));
        assertThat(env.leaseEnd().orElseThrow())
                .isBetween(Instant.now().plusSeconds(7000), Instant.now().plusSeconds(7201));
        env.renew(Duration.ofHours(1));
        assertThatThrownBy(() -> env.renew(Duration.ofHours(2).plusMinutes(1)))
                .isInstanceOf(GenvException.class)
                .hasMessageContaining("limit=PT2H");
        write("{ 'longestLease': '2h', 'defaultLease': '5m' }");
        awaitEffect(() -> assertThat(hosts.open().activate(gpus(1)).leaseEnd().orElseThrow())
                .isBefore(Instant.now().plusSeconds(301)));
    }

    @Test
    void shouldGiveAUserOthersByNumber() throws Exception {
        hosts.host(); // makes the directory
        long uid = (int) Files.getAttribute(hosts.stateDirectory(), "unix:uid");
        write("{ 'userDevices': 0, 'users': { '" + uid + "': { 'userDevices': 1 } } }");
        GenvHost host = hosts.open();
        host.activate(gpus(1));
        assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2))).hasMessageContaining("asked=2 limit=1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{ 'userDevices': 4", "{ 'userDevice': 4 }", ""})
    void shouldGiveNothingOutUnderAFileThatIsWrong(String text) throws Exception {
        GenvHost host = hosts.open();
        host.activate(gpus(1));
        write(text);
        awaitEffect(() -> assertThatThrownBy(() -> host.configure(EnvConfig.empty()))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("limits.json"));
        assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(2))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> hosts.open().activate()).isInstanceOf(StateException.class);
        assertThat(host.attached()).hasSize(1);
        host.lock().close();
        assertThat(host.detach()).as("what is given back needs no limits").isEmpty();
        Files.delete(file());
        awaitEffect(() -> assertThat(host.attach(DeviceRequest.gpus(2))).hasSize(2));
    }

    /**
     * Nothing is given out meanwhile, and what comes later comes after it. On a machine so busy that its thread does not come to
     * run for half a second it may be passed over, as if it were stopped: but not every time.
     */
    @Test
    void shouldKeepThePlaceOfARequestThatWaitsWhileTheFileIsWrong() throws Exception {
        boolean isKept = false;
        for (int attempt = 0; attempt < 3 && !isKept; attempt++) {
            isKept = keepsItsPlaceWhileTheFileIsWrong();
        }
        assertThat(isKept)
                .as("who comes later is refused what an earlier one waits for")
                .isTrue();
    }

    private boolean keepsItsPlaceWhileTheFileIsWrong() throws Exception {
        GenvHost one = hosts.open();
        GenvHost two = hosts.open();
        GenvHost three = hosts.open();
        write("{}");
        try (Activation all = one.activate(gpus(8))) {
            CompletableFuture<Integer> waiting = begin(two, gpus(1).eid("waiting"));
            awaitWaiters(1);
            Files.writeString(file(), "{ "); // in place, and half of it
            awaitEffect(
                    () -> assertThatThrownBy(() -> two.run(gpus(0), () -> {})).isInstanceOf(StateException.class));
            one.detach(all.devices().getFirst());
            Instant overdue = Instant.now().plusMillis(600); // by then a request is passed over that could be served
            while (Instant.now().isBefore(overdue)) {
                assertThat(waiting).isNotDone();
                assertThat(awaitWaiters(1).getFirst().eid()).isEqualTo("waiting");
            }
            write("{}");
            boolean isKept = false;
            try {
                three.run(gpus(1), () -> {});
            } catch (DevicesUnavailableException refused) { // it comes after the one that waits, or after it was served
                isKept = true;
            }
            assertThat(waiting.get(1, TimeUnit.MINUTES)).isEqualTo(1);
            return isKept;
        }
    }

    @Test
    void shouldSayWhatIsWrongWithTheFileWhenTheTimeOfARequestIsOver() throws Exception {
        GenvHost one = hosts.open();
        one.activate(gpus(8));
        GenvHost two = hosts.open();
        Thread waiter = Thread.currentThread();
        Thread.startVirtualThread(() -> {
            try {
                awaitWaiters(1);
                write("{ 'userDevice': 1 }");
            } catch (IOException e) {
                waiter.interrupt();
            }
        });
        assertThatThrownBy(() -> two.activate(gpus(1).waitUpTo(Duration.ofSeconds(2))))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("unknown key");
        assertThat(two.snapshot().waiters()).isEmpty();
    }

    @Test
    void shouldNotBelieveAFileWithASecondName() throws Exception {
        write("{}");
        Files.createLink(hosts.workingDirectory().resolve("second"), file());
        GenvHost host = hosts.open();
        assertThatThrownBy(() -> host.activate())
                .isInstanceOf(StateException.class)
                .hasMessageContaining("a second name")
                .hasMessageContaining("links=2");
        Files.delete(hosts.workingDirectory().resolve("second"));
        awaitEffect(host::activate);
    }

    @Test
    void shouldNotBelieveAFileThatOthersMayWrite() throws Exception {
        write("{}");
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-rw-r--"));
        GenvHost host = hosts.open();
        assertThatThrownBy(() -> host.activate())
                .isInstanceOf(StateException.class)
                .hasMessageContaining("may be written by others")
                .hasMessageContaining("chmod go-w");
    }

    @Test
    void shouldNotFollowALinkOrReadWhatIsNoFile() throws Exception {
        hosts.host(); // makes the directory
        Path elsewhere = Files.writeString(hosts.workingDirectory().resolve("elsewhere"), "{}");
        Files.createSymbolicLink(file(), elsewhere);
        GenvHost host = hosts.open();
        assertThatThrownBy(() -> host.activate())
                .isInstanceOf(StateException.class)
                .hasMessageContaining("symbolic link");
        Files.delete(file());
        Files.createDirectory(file());
        awaitEffect(() -> assertThatThrownBy(() -> host.activate())
                .isInstanceOf(StateException.class)
                .hasMessageContaining("no regular file"));
        Files.delete(file());
        new ProcessBuilder("mkfifo", "-m", "600", file().toString()).start().waitFor();
        awaitEffect(() -> assertThatThrownBy(() -> host.activate())
                .isInstanceOf(StateException.class)
                .hasMessageContaining("kind=FIFO"));
    }

    private Path file() {
        return hosts.stateDirectory().resolve("limits.json");
    }

    private void write(String text) throws IOException {
        hosts.host(); // makes the directory
        Path fresh = Files.writeString(hosts.stateDirectory().resolve("limits.json.new"), text.replace('\'', '"'));
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(fresh, file(), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Until the file has been looked at again, a tenth of a second later. */
    private static void awaitEffect(Runnable check) {
        long end = System.nanoTime() + LONG.toNanos();
        while (true) {
            try {
                check.run();
                return;
            } catch (AssertionError | RuntimeException notYet) {
                if (System.nanoTime() - end > 0) {
                    throw notYet;
                }
                Thread.onSpinWait();
            }
        }
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }

    private static ActivationRequest shares(int count, String memory) {
        return ActivationRequest.of(
                EnvConfig.builder().gpus(count).gpuMemory(memory).build());
    }
}
