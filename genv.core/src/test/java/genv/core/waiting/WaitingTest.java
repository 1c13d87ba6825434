// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.LockMode;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.process.ChildJvm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WaitingTest {
    /** Long enough not to matter, short enough to end a test that hangs. */
    private static final Duration LONG = Duration.ofMinutes(2);

    @Test
    @GenvTest(devices = 1)
    void shouldServeHostsInTheOrderInWhichTheyAsked(GenvHost host, GenvHosts hosts) throws Exception {
        Activation first = host.activate(gpus(1));
        Queue<Integer> order = new ConcurrentLinkedQueue<>();
        List<Future<?>> waiters = new ArrayList<>();
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int i = 0; i < 6; i++) {
                int number = i;
                GenvHost other = hosts.open();
                waiters.add(threads.submit(() -> {
                    try (Activation activation = other.activate(gpus(1).waitUpTo(LONG))) {
                        assertThat(activation.devices()).containsExactly(0);
                        order.add(number);
                    }
                }));
                awaitWaiters(host, i + 1);
            }

            first.close();
            for (Future<?> waiter : waiters) {
                waiter.get(1, TimeUnit.MINUTES);
            }
        }
        assertThat(order).containsExactly(0, 1, 2, 3, 4, 5);
    }

    @Test
    @GenvTest(devices = 2)
    void shouldServeProcessesInTheOrderInWhichTheyAsked(GenvHost host, GenvHosts hosts) {
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                children.add(child(hosts, "waiter-" + i));
            }
            children.forEach(child -> child.expect("opened"));
            Activation first = host.activate(gpus(2));
            for (int i = 0; i < 3; i++) {
                children.get(i).tell("wait");
                awaitWaiters(host, i + 1);
            }

            first.close();
            for (ChildJvm child : children) {
                child.expect("got 2");
                assertThat(children.stream().filter(other -> other != child).flatMap(other -> other.poll().stream()))
                        .as("nobody else was served meanwhile")
                        .isEmpty();
                child.tell("go");
                child.expect("gone");
                child.awaitExit();
            }
        } finally {
            children.forEach(ChildJvm::close);
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldForgetAWaiterThatIsKilled(GenvHost host, GenvHosts hosts) throws Exception {
        try (ChildJvm child = child(hosts, "killed")) {
            Activation first = host.activate(gpus(1));
            child.expect("opened");
            child.tell("wait");
            awaitWaiters(host, 1);
            CompletableFuture<List<Integer>> behind = waitBehind(hosts.open());
            awaitWaiters(host, 2);

            child.kill();

            assertThat(waiters(host)).as("what is dead does not wait").hasSize(1);
            first.close();
            assertThat(behind.get(1, TimeUnit.MINUTES)).containsExactly(0);
        }
    }

    /** What it might get one day is not kept for a process that does not run; what it has is. */
    @Test
    @GenvTest(devices = 1)
    void shouldPassOverAWaiterThatIsStoppedAndKeepItsPlace(GenvHost host, GenvHosts hosts) throws Exception {
        try (ChildJvm child = child(hosts, "stopped")) {
            Activation first = host.activate(gpus(1));
            child.expect("opened");
            child.tell("wait");
            awaitWaiters(host, 1);
            GenvHost other = hosts.open();
            CompletableFuture<List<Integer>> behind = waitBehind(other);
            awaitWaiters(host, 2);

            child.stop();
            first.close();
            assertThat(behind.get(1, TimeUnit.MINUTES)).containsExactly(0);
            assertThat(waiters(host)).as("it still waits").hasSize(1);

            child.resume();
            other.close();
            child.expect("got 1");
            child.tell("go");
            child.expect("gone");
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldLetNobodyHaveWhatAnEarlierRequestWaitsFor(GenvHost host, GenvHosts hosts) throws Exception {
        Activation first = host.activate(gpus(1));
        GenvHost patient = hosts.open();
        CompletableFuture<List<Integer>> both = new CompletableFuture<>();
        start(both, () -> patient.activate(gpus(2).waitUpTo(LONG)).devices());
        awaitWaiters(host, 1);

        GenvHost impatient = hosts.open();
        assertThatThrownBy(() -> impatient.activate(gpus(1)))
                .as("device 1 is free, but somebody waits for both")
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("waiting=1");
        assertThat(impatient.active()).isFalse();

        first.close();
        assertThat(both.get(1, TimeUnit.MINUTES)).containsExactly(0, 1);
    }

    @Test
    @GenvTest(devices = 1)
    void shouldGiveAFreedDeviceToTheWaiterAndNotToWhoAsksAllTheTime(GenvHost host, GenvHosts hosts) throws Exception {
        GenvHost patient = hosts.open();
        GenvHost greedy = hosts.open();
        for (int round = 0; round < 10; round++) {
            Activation first = host.activate(gpus(1));
            CompletableFuture<List<Integer>> served = new CompletableFuture<>();
            start(served, () -> {
                try (Activation activation = patient.activate(gpus(1).waitUpTo(LONG))) {
                    return activation.devices();
                }
            });
            awaitWaiters(host, 1);
            CompletableFuture<Boolean> overtaken = new CompletableFuture<>();
            start(overtaken, () -> {
                while (true) {
                    try (Activation _ = greedy.activate(gpus(1))) {
                        return !waiters(greedy).isEmpty(); // who waited before it was free waits still
                    } catch (DevicesUnavailableException refused) {
                        Thread.onSpinWait();
                    }
                }
            });

            first.close();

            assertThat(overtaken.get(1, TimeUnit.MINUTES)).isFalse();
            assertThat(served.get(1, TimeUnit.MINUTES)).containsExactly(0);
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldLeaveTheQueueAndChangeNothingWhenTheTimeIsOver(GenvHost host, GenvHosts hosts) throws Exception {
        Activation first = host.activate(gpus(1));
        GenvHost other = hosts.open();

        assertThatThrownBy(() -> other.activate(gpus(2).eid("late").waitUpTo(Duration.ofMillis(150))))
                .isInstanceOf(DevicesUnavailableException.class)
                .hasMessageContaining("waited=PT");

        assertThat(other.active()).isFalse();
        assertThat(waiters(host)).isEmpty();
        assertThat(host.snapshot().envs()).extracting(env -> env.eid()).containsExactly(first.eid());

        try (Activation activation = other.activate(gpus(1))) {
            assertThatThrownBy(() -> other.attach(DeviceRequest.gpus(2).waitUpTo(Duration.ofMillis(150))))
                    .isInstanceOf(DevicesUnavailableException.class);
            assertThat(activation.devices()).containsExactly(1);
            assertThat(waiters(host)).isEmpty();
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldLeaveTheQueueWhenInterrupted(GenvHost host, GenvHosts hosts) throws Exception {
        try (Activation first = host.activate(gpus(1))) {
            GenvHost other = hosts.open();
            CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    other.activate(gpus(1).waitUpTo(LONG));
                } catch (InterruptedWaitException e) {
                    interrupted.complete(Thread.currentThread().isInterrupted());
                } catch (RuntimeException e) {
                    interrupted.completeExceptionally(e);
                }
            });
            awaitWaiters(host, 1);

            thread.interrupt();

            assertThat(interrupted.get(1, TimeUnit.MINUTES))
                    .as("its interrupt status")
                    .isTrue();
            thread.join();
            assertThat(waiters(host)).isEmpty();
            assertThat(other.active()).isFalse();
            assertThat(first.devices()).containsExactly(0);
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldWakeWhoWaitsForALockWhenItIsReleased(GenvHost host, GenvHosts hosts) throws Exception {
        GenvHost other = hosts.open();
        host.activate(gpus(1).overSubscribed());
        other.activate(gpus(1).overSubscribed());
        DeviceLock lock = host.lock();
        CompletableFuture<List<Integer>> locked = new CompletableFuture<>();
        start(locked, () -> {
            try (DeviceLock second = other.lock()) {
                return second.devices();
            }
        });
        awaitWaiters(host, 1);
        assertThat(other.tryLock(LockMode.EXCLUSIVE, Duration.ofMillis(50))).isEmpty();

        lock.close();

        assertThat(locked.get(1, TimeUnit.MINUTES)).containsExactly(0);
        assertThat(waiters(host)).isEmpty();
        assertThat(host.snapshot().devices().getFirst().lockHolders()).isEmpty();
    }

    @Test
    @GenvTest(devices = 1)
    void shouldLeaveTheQueueWhenALockIsNotHadInTime(GenvHost host, GenvHosts hosts) throws Exception {
        GenvHost other = hosts.open();
        host.activate(gpus(1).overSubscribed());
        other.activate(gpus(1).overSubscribed());
        try (DeviceLock lock = host.lock()) {
            assertThat(other.tryLock(LockMode.EXCLUSIVE, Duration.ofMillis(100)))
                    .isEmpty();
            assertThat(waiters(host)).isEmpty();
            CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
            Thread thread = Thread.ofPlatform().start(() -> {
                try {
                    other.tryLock(LockMode.EXCLUSIVE, LONG);
                } catch (InterruptedException e) {
                    interrupted.complete(true);
                }
            });
            awaitWaiters(host, 1);
            thread.interrupt();
            assertThat(interrupted.get(1, TimeUnit.MINUTES)).isTrue();
            thread.join();
            assertThat(waiters(host)).isEmpty();
            assertThat(lock.devices()).containsExactly(0);
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldGiveEveryOneOfManyVirtualThreadsItsTurn(GenvHost host, GenvHosts hosts) throws Exception {
        int tasks = 2_000;
        Activation blocker = hosts.open().activate(gpus(2));
        CountDownLatch started = new CountDownLatch(tasks);
        AtomicIntegerArray users = new AtomicIntegerArray(2);
        List<Future<Integer>> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < tasks; i++) {
                results.add(threads.submit(() -> {
                    started.countDown();
                    return host.call(gpus(1).waitUpTo(Duration.ofMinutes(4)), () -> {
                        int device = host.attached().getFirst();
                        assertThat(users.incrementAndGet(device))
                                .as("users of a device")
                                .isEqualTo(1);
                        Thread.onSpinWait();
                        return users.decrementAndGet(device);
                    });
                }));
            }
            started.await();
            awaitWaiters(host, 4); // the others stand in front of the gate, or are on their way

            blocker.close();
            for (Future<Integer> result : results) {
                assertThat(result.get(4, TimeUnit.MINUTES)).isZero();
            }
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldEndEveryWaitWhenTheHostIsClosed(GenvHost host, GenvHosts hosts) throws Exception {
        try (Activation first = host.activate(gpus(1))) {
            for (int round = 0; round < 5; round++) {
                GenvHost closing = hosts.open();
                List<Future<?>> waiters = new ArrayList<>();
                try (ExecutorService threads =
                        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
                    for (int i = 0; i < 8; i++) {
                        waiters.add(threads.submit(() -> closing.run(gpus(1).waitUpTo(LONG), () -> {})));
                    }
                    awaitWaiters(host, 4); // the others stand in front of the gate

                    closing.close();

                    for (Future<?> waiter : waiters) {
                        assertThatThrownBy(() -> waiter.get(1, TimeUnit.MINUTES))
                                .isInstanceOf(ExecutionException.class)
                                .cause()
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessageContaining("closed");
                    }
                }
                assertThat(waiters(host)).isEmpty();
            }
            assertThat(first.devices()).containsExactly(0);
        }
    }

    // ---- help ------------------------------------------------------------------------------------------------------

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }

    private static ChildJvm child(GenvHosts hosts, String name) {
        int devices = hosts.host().snapshot().devices().size();
        return ChildJvm.of(WaitingChild.class)
                .name(name)
                .arguments(hosts.stateDirectory().toString(), Integer.toString(devices))
                .start();
    }

    private static CompletableFuture<List<Integer>> waitBehind(GenvHost host) {
        CompletableFuture<List<Integer>> future = new CompletableFuture<>();
        start(future, () -> host.activate(gpus(1).waitUpTo(LONG)).devices());
        return future;
    }

    private interface Task<T> {
        T run() throws Exception;
    }

    private static <T> void start(CompletableFuture<T> future, Task<T> task) {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                future.complete(task.run());
            } catch (Throwable e) {
                future.completeExceptionally(e);
            }
        });
    }

    private static List<DeviceInfo.Waiter> waiters(GenvHost host) {
        return host.snapshot().devices().getFirst().waiters();
    }

    private static void awaitWaiters(GenvHost host, int count) {
        while (waiters(host).size() < count) {
            Thread.onSpinWait();
        }
    }
}
