// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.AlreadyActiveException;
import genv.api.BackendException;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.NotActiveException;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Activating, joining and leaving the environment of a process. */
@GenvTest(devices = 4)
class ActivationTest {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();
    private static final EnvConfig TWO = EnvConfig.builder().gpus(2).build();
    private static final String PID = Long.toString(ProcessHandle.current().pid());

    private static ActivationRequest as(String eid, EnvConfig config) {
        return ActivationRequest.of(config).eid(eid);
    }

    // ---- active, eid, close ----------------------------------------------------------------------------------------

    @Test
    void shouldNotBeActiveAtFirst(GenvHost host) {
        assertThat(host.active()).isFalse();
        assertThat(host.eid()).isEmpty();
        assertThat(host.attached()).isEmpty();
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    void shouldBeActiveFromActivateToClose(GenvHost host) {
        try (Activation activation = host.activate()) {
            assertThat(host.active()).isTrue();
            assertThat(host.eid()).contains(activation.eid());
            assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactly(activation.eid());
        }
        assertThat(host.active()).isFalse();
        assertThat(host.eid()).isEmpty();
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    void shouldBeClosedOnceOnlyFromAnyThread(GenvHost host) throws Exception {
        Activation first = host.activate(ONE);
        Background.start(() -> {
                    first.close();
                    return true;
                })
                .result();
        assertThat(host.active()).isFalse();
        try (Activation second = host.activate(ONE)) {
            first.close();
            assertThat(host.active()).isTrue();
            assertThat(second.devices()).containsExactly(0);
        }
    }

    @Test
    void shouldNameTheEnvironmentAfterThePid(GenvHost host) {
        try (Activation activation = host.activate()) {
            assertThat(activation.eid()).isEqualTo(PID);
        }
    }

    @Test
    void shouldTakeTheIdentifierOfTheRequest(GenvHost host) {
        try (Activation activation = host.activate(as("night:ly-42@x+y._", EnvConfig.empty()))) {
            assertThat(activation.eid()).isEqualTo("night:ly-42@x+y._");
            assertThat(host.eid()).contains("night:ly-42@x+y._");
        }
    }

    @NotOnJson("times of less than a second")
    @Test
    void shouldTellWhoTheEnvironmentIs(GenvHost host) {
        Instant before = Instant.ofEpochMilli(System.currentTimeMillis());
        EnvConfig config =
                EnvConfig.builder().name("training").gpus(1).gpuMemory("4g").build();
        try (Activation activation = host.activate(as("a", config))) {
            EnvInfo env = host.snapshot().env("a").orElseThrow();
            assertThat(env.username()).isEqualTo(System.getProperty("user.name"));
            assertThat(env.created()).isBetween(before, Instant.now());
            assertThat(env.config()).isEqualTo(config).isEqualTo(activation.configuration());
            assertThat(env.pids()).containsExactly(ProcessHandle.current().pid());
            assertThat(env.devices()).containsExactly(0).isEqualTo(activation.devices());
        }
    }

    // ---- refused where an environment is active --------------------------------------------------------------------

    @Test
    void shouldRefuseToActivateWhereAnEnvironmentIsActive(GenvHost host) {
        try (Activation activation = host.activate(as("a", ONE))) {
            Refusal.on(host, AlreadyActiveException.class, () -> host.activate(as("b", ONE)), "eid=a");
            Refusal.on(host, AlreadyActiveException.class, () -> host.activate(as("a", EnvConfig.empty())), "eid=a");
            assertThat(activation.devices()).containsExactly(0);
            assertThat(host.eid()).contains("a");
        }
    }

    @Test
    void shouldRefuseToActivateWhereATaskScopeIsActive(GenvHost host) {
        host.run(
                as("task", ONE),
                () -> Refusal.on(host, AlreadyActiveException.class, () -> host.activate(TWO), "eid=task"));
    }

    @Test
    void shouldLetOnlyOneOfManyThreadsActivate(GenvHost host) throws Exception {
        int threads = 16;
        CountDownLatch start = new CountDownLatch(1);
        List<Background<Boolean>> attempts = new java.util.ArrayList<>();
        for (int i = 0; i < threads; i++) {
            String eid = "t" + i;
            attempts.add(Background.start(() -> {
                start.await();
                try {
                    host.activate(as(eid, ONE));
                    return true;
                } catch (AlreadyActiveException other) {
                    return false;
                }
            }));
        }
        start.countDown();
        int activated = 0;
        for (Background<Boolean> attempt : attempts) {
            activated += attempt.result() ? 1 : 0;
        }
        assertThat(activated).isEqualTo(1);
        assertThat(host.snapshot().envs()).hasSize(1);
    }

    // ---- devices of an activation ----------------------------------------------------------------------------------

    @Test
    void shouldAttachAsManyDevicesAsConfigured(GenvHost host) {
        try (Activation activation = host.activate(TWO)) {
            assertThat(activation.devices()).containsExactly(0, 1).isEqualTo(host.attached());
        }
        assertThat(host.snapshot().devices())
                .allSatisfy(device -> assertThat(device.attachments()).isEmpty());
    }

    @Test
    void shouldAttachNoDeviceWithoutANumberOfThem(GenvHost host) {
        try (Activation activation =
                host.activate(EnvConfig.builder().gpuMemory("4g").build())) {
            assertThat(activation.devices()).isEmpty();
        }
        try (Activation activation = host.activate(EnvConfig.builder().gpus(0).build())) {
            assertThat(activation.devices()).isEmpty();
        }
    }

    @Test
    void shouldGiveNobodyWhatAnotherHas(GenvHosts hosts) {
        try (Activation first = hosts.host().activate(as("a", TWO));
                Activation second = hosts.open().activate(as("b", TWO))) {
            assertThat(first.devices()).containsExactly(0, 1);
            assertThat(second.devices()).containsExactly(2, 3);
            GenvHost third = hosts.open();
            DevicesUnavailableException none =
                    Refusal.on(third, DevicesUnavailableException.class, () -> third.activate(as("c", ONE)), "asked=1");
            assertThat(none.getMessage()).contains("eid=a", "eid=b");
            assertThat(none.asked()).isEqualTo(1);
            assertThat(none.free()).isEmpty();
            assertThat(none.devices())
                    .hasSize(4)
                    .allSatisfy(device -> assertThat(device.attachments()).hasSize(1));
            assertThat(third.active()).isFalse();
        }
    }

    @Test
    void shouldTakeFreeDevicesFirstAndThenTheLeastPopulatedWhenOverSubscribed(GenvHosts hosts) {
        EnvConfig three = EnvConfig.builder().gpus(3).build();
        hosts.host().activate(as("a", ONE));
        hosts.open().activate(as("b", ONE));
        try (Activation third = hosts.open().activate(as("c", three).overSubscribed())) {
            assertThat(third.devices()).containsExactly(0, 2, 3); // two that are free, and one of two with one each
            try (Activation fourth = hosts.open().activate(as("d", ONE).overSubscribed())) {
                assertThat(fourth.devices()).containsExactly(1); // one each on 1, 2 and 3, two on 0
            }
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldSeeMoreDevicesAskedForThanTheHostHasAtOnceEvenWhenItMayWait(GenvHost host) {
        EnvConfig five = EnvConfig.builder().gpus(5).build();
        DevicesUnavailableException never = Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.activate(ActivationRequest.of(five).waitUpTo(Duration.ofDays(400_000))),
                "asked=5",
                "4");
        assertThat(never.asked()).isEqualTo(5);
        assertThat(never.free()).containsExactly(0, 1, 2, 3);
        assertThat(never.devices()).hasSize(4);
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.activate(ActivationRequest.of(five).overSubscribed()),
                "asked=5");
    }

    // ---- joining ---------------------------------------------------------------------------------------------------

    @Test
    void shouldJoinTheEnvironmentThatLivesUnderTheIdentifier(GenvHosts hosts) {
        EnvConfig config =
                EnvConfig.builder().name("shared").gpus(2).gpuMemory("5g").build();
        try (Activation first = hosts.host().activate(as("a", config))) {
            GenvHost other = hosts.open();
            try (Activation second = other.activate(as("a", EnvConfig.empty()))) {
                assertThat(second.configuration()).isEqualTo(config);
                assertThat(second.devices()).containsExactly(0, 1).isEqualTo(first.devices());
                assertThat(other.attached()).isEqualTo(hosts.host().attached());
                assertThat(other.snapshot().envs()).hasSize(1);
                assertThat(other.snapshot().device(0).orElseThrow().attachments())
                        .hasSize(1);
            }
            assertThat(first.devices()).containsExactly(0, 1);
        }
    }

    @Test
    void shouldReplaceTheConfigurationWhenItIsJoinedWithOne(GenvHosts hosts) {
        EnvConfig first =
                EnvConfig.builder().name("first").gpus(1).gpuMemory("5g").build();
        EnvConfig second = EnvConfig.builder().gpus(2).gpuMemory("6g").build();
        try (Activation creator = hosts.host().activate(as("a", first));
                Activation joiner = hosts.open().activate(as("a", second))) {
            assertThat(joiner.configuration()).isEqualTo(second);
            assertThat(creator.configuration()).isEqualTo(second);
            assertThat(hosts.host().configuration()).isEqualTo(second);
            assertThat(creator.devices()).containsExactly(0, 1);
            assertThat(hosts.host().snapshot().device(0).orElseThrow().attachments())
                    .singleElement()
                    .satisfies(attachment -> assertThat(attachment.gpuMemory()).isEqualTo(second.gpuMemory()));
        }
    }

    @Test
    void shouldChangeNothingWhereJoiningWithAConfigurationFails(GenvHosts hosts) {
        EnvConfig share = EnvConfig.builder().gpus(1).gpuMemory("6g").build();
        try (Activation mine = hosts.host().activate(as("a", share));
                Activation neighbour = hosts.open().activate(as("b", share))) {
            assertThat(neighbour.devices()).isEqualTo(mine.devices());
            GenvHost other = hosts.open();
            EnvConfig larger = share.toBuilder().gpuMemory("11g").build();
            Refusal.on(other, DevicesUnavailableException.class, () -> other.activate(as("a", larger)), "eid=a", "11g");
            EnvConfig more = share.toBuilder().gpus(5).build();
            Refusal.on(other, DevicesUnavailableException.class, () -> other.activate(as("a", more)), "asked=5");
            assertThat(other.active()).isFalse();
            assertThat(mine.configuration()).isEqualTo(share);
        }
    }

    @Test
    void shouldEndWithTheLastMember(GenvHosts hosts) {
        Activation first = hosts.host().activate(as("a", TWO));
        GenvHost other = hosts.open();
        Activation second = other.activate(as("a", EnvConfig.empty()));
        first.close();
        assertThat(second.devices()).containsExactly(0, 1);
        assertThat(other.snapshot().env("a")).isPresent();
        second.close();
        assertThat(Eventually.isEmpty(other.snapshot())).isTrue();
    }

    // ---- waiting ---------------------------------------------------------------------------------------------------

    @NotOnJson("waiting in a queue")
    @Test
    void shouldWaitForDevices(GenvHosts hosts) throws Exception {
        Activation first =
                hosts.host().activate(as("a", EnvConfig.builder().gpus(4).build()));
        GenvHost other = hosts.open();
        Background<Activation> waiting =
                Background.start(() -> other.activate(as("b", TWO).waitUpTo(Duration.ofMinutes(5))));
        Eventually.waiters(hosts.host(), 0, 1);
        assertThat(other.active()).isFalse();
        first.close();
        try (Activation second = waiting.result()) {
            assertThat(second.devices()).containsExactly(0, 1);
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldServeWaitersInTheOrderInWhichTheyCame(GenvHosts hosts) throws Exception {
        EnvConfig all = EnvConfig.builder().gpus(4).build();
        Activation holder = hosts.host().activate(as("a", all));
        Background<Activation> first =
                Background.start(() -> hosts.open().activate(as("b", all).waitUpTo(Duration.ofMinutes(5))));
        Eventually.waiters(hosts.host(), 0, 1);
        Background<Activation> second =
                Background.start(() -> hosts.open().activate(as("c", ONE).waitUpTo(Duration.ofMinutes(5))));
        assertThat(Eventually.waiters(hosts.host(), 3, 2)
                        .device(3)
                        .orElseThrow()
                        .waiters())
                .extracting(w -> w.eid() + w.position())
                .containsExactly("b0", "c1");
        holder.close();
        Activation served = first.result();
        assertThat(second.isDone()).isFalse();
        served.close();
        assertThat(second.result().devices()).containsExactly(0);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldNotBeOvertakenByARequestThatDoesNotWait(GenvHosts hosts) throws Exception {
        Activation holder = hosts.host().activate(as("a", ONE));
        EnvConfig all = EnvConfig.builder().gpus(4).build();
        Background<Activation> waiting =
                Background.start(() -> hosts.open().activate(as("b", all).waitUpTo(Duration.ofMinutes(5))));
        Eventually.waiters(hosts.host(), 1, 1);
        GenvHost other = hosts.open();
        // devices 1 to 3 are free, but somebody waits for them
        Refusal.on(other, DevicesUnavailableException.class, () -> other.activate(as("c", ONE)), "asked=1");
        holder.close();
        assertThat(waiting.result().devices()).hasSize(4);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldGiveUpWhenTheTimeIsOver(GenvHosts hosts) {
        hosts.host().activate(as("a", EnvConfig.builder().gpus(4).build()));
        GenvHost other = hosts.open();
        Refusal.on(
                other,
                DevicesUnavailableException.class,
                () -> other.activate(as("b", ONE).waitUpTo(Duration.ofMillis(20))),
                "asked=1",
                "eid=a");
        assertThat(other.active()).isFalse();
        try (Activation later = other.activate(as("b", EnvConfig.empty()))) {
            assertThat(later.devices()).isEmpty();
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldLeaveTheQueueWhenInterrupted(GenvHosts hosts) throws Exception {
        hosts.host().activate(as("a", EnvConfig.builder().gpus(4).build()));
        GenvHost other = hosts.open();
        Background<Boolean> waiting = Background.start(() -> {
            assertThatThrownBy(() -> other.activate(as("b", ONE).waitUpTo(Duration.ofMinutes(5))))
                    .isInstanceOf(InterruptedWaitException.class)
                    .satisfies(e -> assertThat(e.getMessage()).startsWith("interrupted"));
            return Thread.currentThread().isInterrupted();
        });
        Eventually.waiters(hosts.host(), 0, 1);
        waiting.interrupt();
        assertThat(waiting.result()).as("interrupt status").isTrue();
        assertThat(hosts.host().snapshot().device(0).orElseThrow().waiters()).isEmpty();
        assertThat(other.active()).isFalse();
    }

    // ---- backends --------------------------------------------------------------------------------------------------

    @Test
    void shouldNeedNoBackendWithoutDevices(GenvHosts hosts) {
        hosts.backend().setUnavailable("driver is not loaded");
        GenvHost host = hosts.host();
        try (Activation activation = host.activate(EnvConfig.builder().name("n").build())) {
            assertThat(activation.devices()).isEmpty();
            host.configure(EnvConfig.builder().name("m").build());
            assertThat(host.attached()).isEmpty();
            assertThat(host.refreshAttached()).isEmpty();
            assertThat(host.detach()).isEmpty();
            try (var lock = host.lock()) {
                assertThat(lock.devices()).isEmpty();
            }
            assertThat(host.snapshot().devices()).isEmpty();
            assertThat(activation.variables()).containsEntry("CUDA_VISIBLE_DEVICES", "-1");
        }
    }

    @Test
    void shouldSayWhyThereIsNoBackendWhenDevicesAreFirstNeeded(GenvHosts hosts) {
        hosts.backend().setUnavailable("driver is not loaded");
        GenvHost host = hosts.host();
        assertThatThrownBy(() -> host.activate(ONE))
                .isInstanceOf(BackendException.class)
                .hasMessageContaining("driver is not loaded");
        assertThat(host.active()).isFalse();
        assertThat(host.snapshot().envs()).isEmpty();
        hosts.backend().setAvailable();
        try (Activation activation = host.activate(ONE)) {
            assertThat(activation.devices()).containsExactly(0);
        }
    }

    @Test
    void shouldNameTheBackendThatIsNotThere(GenvHosts hosts) {
        GenvHost host = GenvHost.open(genv.api.GenvOptions.builder()
                .stateDirectory(hosts.stateDirectory())
                .processEnvironment(false)
                .backendId("no-such-backend")
                .build());
        try (host) {
            Refusal.of(BackendException.class, () -> host.activate(ONE), "id=no-such-backend", SimulatedBackend.ID);
            assertThat(host.snapshot().envs()).isEmpty();
        }
    }

    // ---- what an activation says when it is over -------------------------------------------------------------------

    @Test
    void shouldKnowThatItIsOver(GenvHost host) {
        Activation activation = host.activate(TWO);
        activation.close();
        assertThat(activation.eid()).isEqualTo(PID);
        assertThat(activation.devices()).isEmpty();
        assertThat(activation.configuration()).isEqualTo(EnvConfig.empty());
        assertThatThrownBy(activation::variables).isInstanceOf(NotActiveException.class);
        assertThatThrownBy(() -> activation.applyTo(new ProcessBuilder("true"))).isInstanceOf(NotActiveException.class);
        assertThatThrownBy(() -> activation.start(new ProcessBuilder("true"))).isInstanceOf(NotActiveException.class);
        assertThatThrownBy(() -> activation.adopt(ProcessHandle.current())).isInstanceOf(NotActiveException.class);
    }

    @Test
    void shouldLeaveItsEnvironmentWhenTheHostIsClosed(GenvHosts hosts) {
        GenvHost host = hosts.open();
        Activation activation = host.activate(TWO);
        host.close();
        host.close();
        assertThat(Eventually.isEmpty(hosts.host().snapshot())).isTrue();
        assertThatThrownBy(host::active).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(host::snapshot).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> host.activate(ONE)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> host.run(ActivationRequest.of(ONE), () -> {}))
                .isInstanceOf(IllegalStateException.class);
        activation.close();
    }
}
