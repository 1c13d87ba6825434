// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.NotActiveException;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code attach}, {@code attached}, {@code detach} and {@code refreshAttached}, in the environment {@code a}. */
@GenvTest(devices = 4)
class DevicesTest {
    private static final EnvConfig TWO = EnvConfig.builder().gpus(2).build();

    private GenvHost host;
    private GenvHost other;
    private Activation mine;

    @BeforeEach
    void activate(GenvHosts hosts) {
        host = hosts.host();
        other = hosts.open();
        mine = host.activate(ActivationRequest.of(EnvConfig.empty()).eid("a"));
    }

    private Activation neighbour(int gpus) {
        return other.activate(
                ActivationRequest.of(EnvConfig.builder().gpus(gpus).build()).eid("b"));
    }

    // ---- attach a number -------------------------------------------------------------------------------------------

    @Test
    void shouldAttachNothingWhereNoNumberIsConfigured() {
        assertThat(host.attach()).isEmpty();
        assertThat(host.attach(DeviceRequest.gpus(0))).isEmpty();
    }

    @Test
    void shouldAttachAsManyAsConfigured() {
        host.configure(TWO);
        assertThat(host.attached()).isEmpty();
        assertThat(host.attach()).containsExactly(0, 1);
        assertThat(host.attached()).containsExactly(0, 1).isEqualTo(mine.devices());
        assertThat(host.attach(DeviceRequest.configured())).containsExactly(0, 1);
    }

    @Test
    void shouldAttachWhatIsMissingAndNeverDetach() {
        assertThat(host.attach(DeviceRequest.gpus(1))).containsExactly(0);
        assertThat(host.attach(DeviceRequest.gpus(3))).containsExactly(0, 1, 2);
        assertThat(host.attach(DeviceRequest.gpus(1))).containsExactly(0, 1, 2);
        assertThat(host.attach(DeviceRequest.gpus(0))).containsExactly(0, 1, 2);
        host.configure(EnvConfig.builder().gpus(0).build());
        assertThat(host.attach()).containsExactly(0, 1, 2);
    }

    @Test
    void shouldAttachAllOfThemOrNone() {
        neighbour(2);
        DevicesUnavailableException refused = Refusal.on(
                host, DevicesUnavailableException.class, () -> host.attach(DeviceRequest.gpus(3)), "asked=3", "eid=b");
        assertThat(refused.asked()).isEqualTo(3);
        assertThat(refused.free()).containsExactly(2, 3);
        assertThat(refused.devices())
                .filteredOn(device -> !device.attachments().isEmpty())
                .extracting(DeviceInfo::index)
                .containsExactly(0, 1);
        assertThat(host.attached()).isEmpty();
        assertThat(host.attach(DeviceRequest.gpus(2))).containsExactly(2, 3);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldTellMoreThanTheHostHasApartFromTaken() {
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.attach(DeviceRequest.gpus(5).waitUpTo(Duration.ofDays(1))),
                "asked=5",
                "4");
    }

    @Test
    void shouldTakeFreeDevicesFirstThenTheLeastPopulated(GenvHosts hosts) {
        neighbour(3);
        hosts.open().activate(ActivationRequest.of(TWO).eid("c").overSubscribed()); // 3, which is free, and 0
        // 0 has two environments, 1, 2 and 3 one each
        assertThat(host.attach(DeviceRequest.gpus(1).overSubscribed())).containsExactly(1);
        assertThat(host.attach(DeviceRequest.gpus(3).overSubscribed())).containsExactly(1, 2, 3);
        assertThat(host.attach(DeviceRequest.gpus(4).overSubscribed())).containsExactly(0, 1, 2, 3);
    }

    // ---- attach an index -------------------------------------------------------------------------------------------

    @Test
    void shouldAttachTheDeviceOfAnIndex() {
        assertThat(host.attach(DeviceRequest.index(2))).containsExactly(2);
        assertThat(host.attach(DeviceRequest.index(0))).containsExactly(0, 2);
        assertThat(host.attach(DeviceRequest.gpus(3))).containsExactly(0, 1, 2);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldDoNothingForAnIndexThatIsAttached() {
        host.attach(DeviceRequest.index(2));
        var before = host.snapshot();
        assertThat(host.attach(DeviceRequest.index(2))).containsExactly(2);
        assertThat(host.attach(DeviceRequest.index(2).overSubscribed().waitUpTo(Duration.ofDays(1))))
                .containsExactly(2);
        assertThat(host.snapshot()).isEqualTo(before);
    }

    @Test
    void shouldRefuseTheIndexOfADeviceThatIsTaken() {
        neighbour(1);
        DevicesUnavailableException refused =
                Refusal.on(host, DevicesUnavailableException.class, () -> host.attach(DeviceRequest.index(0)), "eid=b");
        assertThat(refused.asked()).isEqualTo(1);
        assertThat(refused.devices())
                .singleElement()
                .satisfies(device -> assertThat(device.index()).isZero());
        assertThat(host.attach(DeviceRequest.index(0).overSubscribed())).containsExactly(0);
    }

    @Test
    void shouldRefuseAnUnknownIndexAndNameThoseThatThereAre() {
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> host.attach(DeviceRequest.index(4)),
                "4",
                "0",
                "1",
                "2",
                "3");
        Refusal.on(host, IllegalArgumentException.class, () -> host.attach(DeviceRequest.index(Integer.MAX_VALUE)));
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> host.attach(DeviceRequest.index(4).overSubscribed()));
        Refusal.on(host, IllegalArgumentException.class, () -> host.detach(4), "4", "3");
        Refusal.on(host, IllegalArgumentException.class, () -> host.detach(-1), "-1", "3");
    }

    // ---- detach ----------------------------------------------------------------------------------------------------

    @Test
    void shouldDetachOneDeviceOrAll() {
        host.attach(DeviceRequest.gpus(4));
        assertThat(host.detach(1)).containsExactly(0, 2, 3);
        assertThat(host.attached()).containsExactly(0, 2, 3);
        assertThat(neighbour(1).devices()).containsExactly(1);
        assertThat(host.detach()).isEmpty();
        assertThat(host.attached()).isEmpty();
        assertThat(host.detach()).isEmpty();
        assertThat(host.active()).isTrue();
    }

    @Test
    void shouldLeaveADeviceThatIsNotAttachedAsItIs() {
        host.attach(DeviceRequest.index(0));
        Activation neighbour = neighbour(1);
        var before = host.snapshot();
        assertThat(host.detach(1)).containsExactly(0); // the neighbour's
        assertThat(host.detach(2)).containsExactly(0); // nobody's
        assertThat(host.snapshot()).isEqualTo(before);
        assertThat(neighbour.devices()).containsExactly(1);
    }

    // ---- what other members do -------------------------------------------------------------------------------------

    @Test
    void shouldSeeAtOnceWhatAnotherProcessAttachesAndDetaches(GenvHosts hosts) {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a");
            assertThat(peer.does("attach gpus=2")).isEqualTo("[0, 1]");
            assertThat(host.attached()).containsExactly(0, 1);
            assertThat(host.refreshAttached()).containsExactly(0, 1);
            host.detach(0);
            assertThat(peer.does("attached")).isEqualTo("[1]");
            assertThat(peer.does("refreshAttached")).isEqualTo("[1]");
            assertThat(peer.does("detach")).isEqualTo("[]");
            assertThat(host.attached()).isEmpty();
            peer.exits();
        }
        assertThat(host.snapshot().env("a").orElseThrow().pids())
                .containsExactly(ProcessHandle.current().pid());
    }

    @Test
    void shouldGiveListsThatCannotBeChanged() {
        host.attach(DeviceRequest.gpus(2));
        for (List<Integer> list : List.of(host.attached(), mine.devices(), host.refreshAttached(), host.detach(0))) {
            assertThatThrownBy(() -> list.add(7)).isInstanceOf(UnsupportedOperationException.class);
        }
    }

    // ---- outside ---------------------------------------------------------------------------------------------------

    @Test
    void shouldNeedAnActiveEnvironment() {
        Refusal.on(other, NotActiveException.class, () -> other.attach());
        Refusal.on(other, NotActiveException.class, () -> other.attach(DeviceRequest.index(0)));
        Refusal.on(other, NotActiveException.class, () -> other.detach());
        Refusal.on(other, NotActiveException.class, () -> other.detach(0));
        Refusal.on(other, NotActiveException.class, other::refreshAttached);
        assertThat(other.attached()).isEmpty();
    }

    // ---- waiting ---------------------------------------------------------------------------------------------------

    @NotOnJson("waiting in a queue")
    @Test
    void shouldWaitForANumberAndForAnIndex() throws Exception {
        Activation neighbour = neighbour(4);
        Background<List<Integer>> number =
                Background.start(() -> host.attach(DeviceRequest.gpus(1).waitUpTo(Duration.ofMinutes(5))));
        DeviceInfo.Waiter waiter =
                Eventually.waiters(host, 0, 1).device(0).orElseThrow().waiters().getFirst();
        assertThat(waiter.eid()).isEqualTo("a");
        assertThat(waiter.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(waiter.waitsFor()).isEqualTo(DeviceInfo.Wait.DEVICES);
        assertThat(waiter.position()).isZero();
        other.detach(2);
        assertThat(number.result()).containsExactly(2);

        Background<List<Integer>> index =
                Background.start(() -> host.attach(DeviceRequest.index(1).waitUpTo(Duration.ofMinutes(5))));
        Eventually.waiters(host, 1, 1);
        other.detach(0); // another one is no use
        assertThat(index.isDone()).isFalse();
        neighbour.close();
        assertThat(index.result()).containsExactly(1, 2);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldBeServedWhenAShareBecomesSmaller(GenvHosts hosts) throws Exception {
        EnvConfig most = EnvConfig.builder().gpus(4).gpuMemory("15g").build();
        other.activate(ActivationRequest.of(most).eid("b"));
        host.configure(EnvConfig.builder().gpuMemory("2g").build());
        Background<List<Integer>> waiting =
                Background.start(() -> host.attach(DeviceRequest.gpus(1).waitUpTo(Duration.ofMinutes(5))));
        Eventually.waiters(hosts.host(), 0, 1);
        other.configure(most.toBuilder().gpuMemory("14g").build());
        assertThat(waiting.result()).containsExactly(0);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldGiveUpWhenTheTimeIsOver() {
        neighbour(4);
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.attach(DeviceRequest.gpus(1).waitUpTo(Duration.ofMillis(20))),
                "asked=1");
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.attach(DeviceRequest.index(3).waitUpTo(Duration.ofMillis(20))));
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldLeaveTheQueueWhenInterrupted() throws Exception {
        neighbour(4);
        Background<Boolean> waiting = Background.start(() -> {
            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(1).waitUpTo(Duration.ofMinutes(5))))
                    .isInstanceOf(InterruptedWaitException.class);
            return Thread.currentThread().isInterrupted();
        });
        Eventually.waiters(host, 0, 1);
        waiting.interrupt();
        assertThat(waiting.result()).as("interrupt status").isTrue();
        assertThat(host.snapshot().device(0).orElseThrow().waiters()).isEmpty();
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldServeTheNextWhenAWaiterIsKilled(GenvHosts hosts) throws Exception {
        Activation neighbour = neighbour(4);
        try (Peer peer = Peer.beside(hosts)) {
            peer.begins("activate eid=c gpus=4 wait=300000");
            Eventually.waiters(host, 0, 1);
            Background<List<Integer>> waiting =
                    Background.start(() -> host.attach(DeviceRequest.gpus(1).waitUpTo(Duration.ofMinutes(5))));
            Eventually.waiters(host, 0, 2);
            peer.process().kill();
            neighbour.close();
            assertThat(waiting.result()).containsExactly(0);
        }
    }
}
