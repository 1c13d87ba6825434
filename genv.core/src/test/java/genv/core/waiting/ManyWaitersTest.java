// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ManyWaitersTest {
    private static final int TASKS = 100_000;

    /** They are unmounted while they wait: far more than there are carriers, and the carriers are free for others. */
    @Test
    @GenvTest(devices = 1)
    void shouldPinNoCarrierWhileManyVirtualThreadsWait(GenvHosts hosts) throws Exception {
        ActivationRequest request =
                ActivationRequest.of(EnvConfig.builder().gpus(1).build()).waitUpTo(Duration.ofHours(1));
        GenvHost host = hosts.open();
        AtomicInteger ended = new AtomicInteger();
        AtomicReference<@Nullable RuntimeException> wrong = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>(TASKS);
        try (Activation blocker = hosts.open().activate(request)) {
            assertThat(blocker.devices()).containsExactly(0);
            for (int i = 0; i < TASKS; i++) {
                threads.add(Thread.startVirtualThread(() -> {
                    try {
                        host.run(request, () -> {});
                    } catch (IllegalStateException closed) {
                        ended.incrementAndGet();
                    } catch (RuntimeException other) {
                        wrong.set(other);
                    }
                }));
            }
            for (Thread thread : threads) {
                while (thread.getState() != Thread.State.TIMED_WAITING) {
                    Thread.onSpinWait();
                }
            }
            Thread other = Thread.startVirtualThread(() -> {});
            other.join();

            host.close();
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(wrong.get()).isNull();
        assertThat(ended).hasValue(TASKS);
    }
}
