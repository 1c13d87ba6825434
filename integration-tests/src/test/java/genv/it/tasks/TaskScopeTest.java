// SPDX-License-Identifier: Apache-2.0
package genv.it.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.LockMode;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

/** {@code call} and {@code run}: an environment for the dynamic scope of an operation. */
@GenvTest(devices = 4)
class TaskScopeTest {
    private static final String PID = Long.toString(ProcessHandle.current().pid());

    private static ActivationRequest gpus(int gpus) {
        return ActivationRequest.of(EnvConfig.builder().gpus(gpus).build());
    }

    @Test
    void shouldBeActiveWithinTheOperationOnly(GenvHost host) {
        String eid = host.call(gpus(2), () -> {
            assertThat(host.active()).isTrue();
            assertThat(host.attached()).containsExactly(0, 1);
            assertThat(host.configuration().gpus()).hasValue(2);
            assertThat(host.snapshot().envs()).hasSize(1);
            return host.eid().orElseThrow();
        });
        assertThat(eid).matches(PID + "-\\d+");
        assertThat(host.active()).isFalse();
        assertThat(Eventually.isEmpty(host.snapshot())).isTrue();
    }

    @Test
    void shouldSpeakOfTheEnvironmentOfTheScopeInEveryOperation(GenvHost host) {
        host.run(gpus(1).eid("task"), () -> {
            host.configure(EnvConfig.builder().gpus(3).gpuMemory("4g").build());
            assertThat(host.attach()).containsExactly(0, 1, 2);
            assertThat(host.detach(1)).containsExactly(0, 2);
            assertThat(host.refreshAttached()).containsExactly(0, 2);
            assertThat(host.refreshConfiguration()).isEqualTo(host.configuration());
            try (DeviceLock lock = host.lock()) {
                assertThat(lock.devices()).containsExactly(0, 2);
            }
            assertThat(host.snapshot().env("task").orElseThrow().config()).isEqualTo(host.configuration());
        });
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    void shouldGiveTheResultAndPassExceptionsOfTheirType(GenvHost host) throws IOException {
        assertThat(host.<Integer, RuntimeException>call(gpus(1), () -> 42)).isEqualTo(42);
        IOException thrown = new IOException("from the operation");
        try {
            host.<Integer, IOException>call(gpus(1), () -> {
                throw thrown;
            });
            throw new AssertionError("nothing was thrown");
        } catch (IOException caught) {
            assertThat(caught).isSameAs(thrown).hasNoSuppressedExceptions();
        }
        assertThat(Eventually.isEmpty(host.snapshot()))
                .as("left on an exception")
                .isTrue();
        Error error = new StackOverflowError();
        assertThatThrownBy(() -> host.run(gpus(1), () -> {
                    throw error;
                }))
                .isSameAs(error);
        assertThat(Eventually.isEmpty(host.snapshot())).as("left on an error").isTrue();
        assertThat(host.active()).isFalse();
    }

    @Test
    void shouldNotRunTheOperationWhereTheEnvironmentCannotBeHad(GenvHost host) {
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.run(gpus(5), () -> {
                    throw new AssertionError("it runs");
                }),
                "asked=5");
    }

    // ---- nested ----------------------------------------------------------------------------------------------------

    @Test
    void shouldNestInnermostFirst(GenvHost host) {
        host.run(gpus(1).eid("outer"), () -> {
            host.run(gpus(2).eid("inner"), () -> {
                assertThat(host.eid()).contains("inner");
                assertThat(host.attached()).containsExactly(1, 2);
                assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactly("outer", "inner");
            });
            assertThat(host.eid()).contains("outer");
            assertThat(host.attached()).containsExactly(0);
            assertThat(host.snapshot().env("inner")).isEmpty();
        });
    }

    @Test
    void shouldStandBesideTheEnvironmentOfTheProcess(GenvHost host) {
        try (Activation process = host.activate(gpus(1).eid("process"))) {
            host.run(gpus(1).eid("task"), () -> {
                assertThat(host.eid()).contains("task");
                assertThat(host.attached()).containsExactly(1);
                assertThat(process.devices()).containsExactly(0);
                assertThat(process.variables()).containsEntry("GENV_ENVIRONMENT_ID", "process");
            });
            assertThat(host.eid()).contains("process");
        }
    }

    @Test
    void shouldJoinTheEnvironmentOfTheProcess(GenvHost host) {
        try (Activation process = host.activate(gpus(2).eid("a"))) {
            host.run(
                    ActivationRequest.of(EnvConfig.empty()).eid("a"),
                    () -> assertThat(host.attached()).containsExactly(0, 1));
            assertThat(process.devices()).containsExactly(0, 1);
            assertThat(host.snapshot().env("a")).isPresent();
        }
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    void shouldShareTheHoldOfALockWithScopesOfTheSameEnvironment(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        ActivationRequest join = ActivationRequest.of(EnvConfig.empty()).eid("a");
        try (Activation _ = host.activate(gpus(2).eid("a"))) {
            DeviceLock outer = host.lock();
            // the holder is the pair of process and environment, so this must not wait for itself
            Optional<DeviceLock> nested = host.call(join, () -> host.tryLock());
            assertThat(nested).isPresent();
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).hasSize(1);
            nested.orElseThrow().close();
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders())
                    .as("the outer one is open")
                    .hasSize(1);
            outer.close();
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).isEmpty();
        }
    }

    @Test
    void shouldReleaseALockThatIsClosedAfterItsScopeWhereTheEnvironmentLivesOn(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Activation _ = host.activate(gpus(2).eid("a"))) {
            DeviceLock escaped =
                    host.call(ActivationRequest.of(EnvConfig.empty()).eid("a"), () -> host.lock());
            escaped.close();
            GenvHost member = hosts.open();
            try (Activation _ =
                    member.activate(ActivationRequest.of(EnvConfig.empty()).eid("a"))) {
                assertThat(member.tryLock()).isPresent();
            }
        }
    }

    @Test
    void shouldReleaseTheLocksOfAScopeWithItsEnvironment(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Activation _ = hosts.open().activate(gpus(4).eid("b"))) {
            DeviceLock forgotten = host.call(gpus(4).eid("a").overSubscribed(), () -> host.lock());
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).isEmpty();
            forgotten.close();
        }
    }

    // ---- many threads ----------------------------------------------------------------------------------------------

    @Test
    @GenvTest(devices = 50)
    void shouldGiveFiftyVirtualThreadsAnEnvironmentEachAtOnce(GenvHost host) throws Exception {
        int tasks = 50;
        CyclicBarrier all = new CyclicBarrier(tasks);
        List<Background<List<Integer>>> running = new ArrayList<>();
        Set<String> eids = java.util.concurrent.ConcurrentHashMap.newKeySet();
        for (int i = 0; i < tasks; i++) {
            running.add(Background.start(() -> host.<List<Integer>, Exception>call(gpus(1), () -> {
                eids.add(host.eid().orElseThrow());
                all.await(); // nobody leaves before everybody is in
                List<Integer> mine = host.attached();
                assertThat(host.snapshot()
                                .env(host.eid().orElseThrow())
                                .orElseThrow()
                                .devices())
                        .isEqualTo(mine);
                assertThat(host.lock().devices()).isEqualTo(mine);
                all.await();
                return mine;
            })));
        }
        Set<Integer> devices = new HashSet<>();
        for (Background<List<Integer>> one : running) {
            devices.addAll(one.result());
        }
        assertThat(devices).hasSize(tasks);
        assertThat(eids).hasSize(tasks);
        assertThat(Eventually.isEmpty(host.snapshot())).isTrue();
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldServeMoreTasksThanDevicesByWaiting(GenvHost host) throws Exception {
        List<Background<Integer>> running = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            running.add(Background.start(() -> host.call(gpus(1).waitUpTo(Duration.ofMinutes(5)), () -> {
                Thread.onSpinWait();
                return host.attached().size();
            })));
        }
        for (Background<Integer> one : running) {
            assertThat(one.result()).isEqualTo(1);
        }
        assertThat(Eventually.isEmpty(host.snapshot())).isTrue();
    }

    @Test
    void shouldNotReachThreadsThatInheritNoScopedValue(GenvHost host) {
        host.run(gpus(1).eid("a"), () -> {
            try {
                assertThat(Background.start(host::active).result()).isFalse();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldLeaveTheQueueWhenInterrupted(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        hosts.open().activate(gpus(4).eid("b"));
        Background<Boolean> waiting = Background.start(() -> {
            assertThatThrownBy(() -> host.run(gpus(1).waitUpTo(Duration.ofMinutes(5)), () -> {
                        throw new AssertionError("it runs");
                    }))
                    .isInstanceOf(InterruptedWaitException.class);
            return Thread.currentThread().isInterrupted();
        });
        Eventually.waiters(host, 0, 1);
        waiting.interrupt();
        assertThat(waiting.result()).as("interrupt status").isTrue();
        assertThat(host.snapshot().device(0).orElseThrow().waiters()).isEmpty();
    }

    @NotOnJson("shares")
    @Test
    void shouldShareDevicesBetweenTasksByShares(GenvHost host) throws Exception {
        ActivationRequest quarter =
                ActivationRequest.of(EnvConfig.builder().gpus(1).gpuMemory("4g").build());
        CyclicBarrier all = new CyclicBarrier(16);
        List<Background<Integer>> running = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            running.add(Background.start(() -> host.<Integer, Exception>call(quarter, () -> {
                all.await();
                int device = host.attached().getFirst();
                try (DeviceLock _ = host.lock(LockMode.SHARE)) {
                    all.await(); // all locks are held together
                }
                return device;
            })));
        }
        int[] tasksOf = new int[4];
        for (Background<Integer> one : running) {
            tasksOf[one.result()]++;
        }
        assertThat(tasksOf).containsOnly(4);
    }
}
