// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import org.junit.jupiter.api.Test;

/** A host that is closed while others use it. */
class ClosingTest {
    private static final int ROUNDS = 100;
    private static final int THREADS = 4;
    private static final ActivationRequest SHARED =
            ActivationRequest.of(EnvConfig.builder().gpus(1).build()).overSubscribed();

    @Test
    @GenvTest(devices = 1)
    void shouldTellWhoIsInTheMiddleOfSomethingThatTheHostWasClosed(GenvHosts hosts) throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int round = 0; round < ROUNDS; round++) {
                GenvHost host = hosts.open();
                CountDownLatch busy = new CountDownLatch(THREADS);
                List<Future<Throwable>> ends = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    ends.add(threads.submit(() -> useUntilItIsClosed(host, busy)));
                }
                busy.await();
                host.close();
                for (Future<Throwable> end : ends) {
                    assertThat(end.get())
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("the host ");
                }
            }
        }
    }

    private static Throwable useUntilItIsClosed(GenvHost host, CountDownLatch busy) {
        try {
            while (true) {
                host.run(SHARED, () -> {
                    try (DeviceLock lock = host.lock()) {
                        assertThat(lock.devices()).containsExactly(0);
                    }
                });
                busy.countDown();
            }
        } catch (Throwable end) {
            busy.countDown();
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
            return end;
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldLetATaskEndThatHasNothingElseToDoThanToLeave(GenvHosts hosts) throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            for (int round = 0; round < ROUNDS; round++) {
                GenvHost host = hosts.open();
                Phaser bothAtOnce = new Phaser(2);
                Future<?> task = threads.submit(() -> host.run(SHARED, () -> {
                    DeviceLock lock = host.lock();
                    bothAtOnce.arriveAndAwaitAdvance();
                    lock.close();
                }));
                bothAtOnce.arriveAndAwaitAdvance();
                host.close();

                assertThatCode(task::get).doesNotThrowAnyException();
            }
        }
    }
}
