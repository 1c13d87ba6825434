// SPDX-License-Identifier: Apache-2.0
package genv.it.locks;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Device locks between processes: this one is in environment {@code a}, the peer in {@code b} unless it says otherwise. */
@GenvTest
class LocksOfProcessesTest {
    private GenvHosts hosts;
    private GenvHost host;

    @BeforeEach
    void activate(GenvHosts injected) {
        hosts = injected;
        host = injected.host();
        EnvConfig config = EnvConfig.builder().gpus(2).gpuMemory("6g").build();
        host.activate(ActivationRequest.of(config).eid("a").overSubscribed());
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldTakeTurns() throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 over");
            DeviceLock mine = host.lock();
            assertThat(peer.does("tryLock")).isEqualTo("absent");
            assertThat(peer.does("tryLock wait=10")).isEqualTo("absent");
            peer.begins("lock");
            assertThat(Eventually.waiters(host, 0, 1).device(0).orElseThrow().waiters())
                    .extracting(DeviceInfo.Waiter::pid)
                    .containsExactly(peer.process().pid());
            mine.close();
            assertThat(peer.finishes()).isEqualTo("[0, 1]");
            assertThat(host.tryLock()).isEmpty();
            Background<DeviceLock> waiting = Background.start(host::lock);
            Eventually.waiters(host, 1, 1);
            peer.does("unlock");
            waiting.result().close();
            peer.exits();
        }
    }

    @Test
    void shouldCountNestedLocksOfEachProcess() {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 over");
            peer.does("lock");
            peer.does("lock");
            peer.does("unlock");
            assertThat(host.tryLock()).isEmpty();
            peer.does("unlock");
            assertThat(host.tryLock()).isPresent();
            peer.exits();
        }
    }

    @Test
    void shouldShowALockOfAnotherProcessWhileThisOneChangesTheState() throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 over");
            peer.does("lock");
            AtomicBoolean enough = new AtomicBoolean();
            Background<?> changing = Background.start(() -> {
                while (!enough.get()) {
                    host.run(ActivationRequest.of(EnvConfig.empty()), () -> {});
                }
                return null;
            });
            try {
                for (int i = 0; i < 200; i++) {
                    assertThat(host.snapshot().device(0).orElseThrow().lockHolders())
                            .extracting(DeviceInfo.LockHolder::pid)
                            .containsExactly(peer.process().pid());
                }
            } finally {
                enough.set(true);
                changing.result();
            }
            peer.exits();
        }
    }

    @NotOnJson("shares")
    @Test
    void shouldShareByTheSumOfTheShares() {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 memory=10g over");
            DeviceLock mine = host.lock(LockMode.SHARE);
            assertThat(peer.does("tryLock")).isEqualTo("absent");
            assertThat(peer.does("tryLock mode=SHARE")).isEqualTo("[0, 1]");
            peer.does("unlock");
            peer.does("configure memory=10001m"); // over-subscribed, so it may
            assertThat(peer.does("tryLock mode=SHARE")).isEqualTo("absent");
            mine.close();
            assertThat(peer.does("tryLock mode=SHARE")).isEqualTo("[0, 1]");
            peer.exits();
        }
    }

    @NotOnJson("shares")
    @Test
    void shouldExcludeMembersOfOneEnvironment() {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a");
            try (DeviceLock _ = host.lock()) {
                assertThat(peer.does("tryLock")).isEqualTo("absent");
            }
            try (DeviceLock _ = host.lock(LockMode.SHARE)) {
                assertThat(peer.does("tryLock mode=SHARE"))
                        .as("6g and 6g of 16g")
                        .isEqualTo("[0, 1]");
                peer.does("unlock");
            }
            peer.does("lock");
            peer.does("close");
            assertThat(host.tryLock()).as("it left").isPresent();
            peer.exits();
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldReleaseWhatAKilledProcessHeldForOneThatWaits() throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 over");
            peer.does("lock");
            Background<DeviceLock> waiting = Background.start(host::lock);
            Eventually.waiters(host, 0, 1);
            peer.process().kill();
            assertThat(waiting.result().devices()).containsExactly(0, 1);
        }
    }

    @Test
    void shouldReleaseWhatAKilledProcessHeldForOneThatDoesNotWait() {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a");
            peer.does("lock");
            assertThat(host.tryLock()).isEmpty();
            peer.process().kill();
            assertThat(host.tryLock()).isPresent();
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldPassOverAWaiterThatIsKilled() throws Exception {
        try (Peer first = Peer.beside(hosts);
                Peer second = Peer.beside(hosts)) {
            first.does("activate eid=b gpus=2 over");
            second.does("activate eid=c gpus=2 over");
            DeviceLock mine = host.lock();
            first.begins("lock");
            Eventually.waiters(host, 0, 1);
            second.begins("lock");
            Eventually.waiters(host, 0, 2);
            first.process().kill();
            mine.close();
            assertThat(second.finishes()).isEqualTo("[0, 1]");
            second.does("unlock");
            second.exits();
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldServeInTheOrderInWhichTheyCame() {
        try (Peer first = Peer.beside(hosts);
                Peer second = Peer.beside(hosts)) {
            first.does("activate eid=b gpus=1 over");
            second.does("activate eid=c gpus=2 over");
            DeviceLock mine = host.lock();
            second.begins("lock");
            Eventually.waiters(host, 0, 1);
            first.begins("lock");
            Eventually.snapshot(
                    host,
                    "both wait",
                    s -> s.devices().stream().mapToInt(d -> d.waiters().size()).sum() == 3);
            mine.close();
            assertThat(second.finishes()).isEqualTo("[0, 1]");
            assertThat(host.snapshot().devices().stream()
                            .mapToInt(device -> device.waiters().size())
                            .sum())
                    .as("the first peer came later")
                    .isEqualTo(1);
            second.does("unlock");
            assertThat(first.finishes()).hasSize(3);
            first.exits();
            second.exits();
        }
    }

    @Test
    void shouldNotHangOnAStoppedProcess() throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 over");
            peer.does("lock");
            peer.process().stop();
            assertThat(host.tryLock(java.time.Duration.ofMillis(20))).isEmpty();
            host.detach(0);
            assertThat(host.attached()).containsExactly(1);
            peer.process().resume();
            peer.does("unlock");
            assertThat(host.tryLock()).isPresent();
            peer.exits();
        }
    }
}
