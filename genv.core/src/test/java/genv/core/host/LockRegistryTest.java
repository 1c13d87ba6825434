// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.rules.EnvRules;
import genv.core.store.Store;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class LockRegistryTest {
    private static final EnvRules.Key ENV = new EnvRules.Key("e1", 1, 7);
    private static final EnvRules.Key OTHER = new EnvRules.Key("e1", 1, 8);

    private final LockRegistry registry = new LockRegistry();

    /** Nothing is locked in these tests, so that nothing is asked of it. */
    private final Store store = (Store) Proxy.newProxyInstance(
            Store.class.getClassLoader(), new Class<?>[] {Store.class}, (proxy, method, arguments) -> {
                throw new AssertionError("asked of the store: " + method);
            });

    @Test
    void shouldKeepTheLocksOfAnEnvironmentUntilItsLastScopeLeaves() {
        registry.enter(ENV);
        EnvLocks locks = registry.of(store, ENV, false);
        registry.enter(ENV);
        assertThat(registry.of(store, ENV, false)).isSameAs(locks);

        registry.leave(ENV);
        assertThat(registry.of(store, ENV, false)).isSameAs(locks);

        registry.leave(ENV);
        assertThat(registry.of(store, ENV, false)).isNotSameAs(locks);
    }

    @Test
    void shouldTellEnvironmentsApartByIdentityWhenTheyHadTheSameIdentifier() {
        registry.enter(ENV);
        registry.enter(OTHER);

        assertThat(registry.of(store, ENV, false)).isNotSameAs(registry.of(store, OTHER, false));
    }

    @Test
    void shouldGiveWhoeverIsInTheSameLocksWhenOthersEnterAndLeave() throws Exception {
        int threads = 4;
        CyclicBarrier start = new CyclicBarrier(threads);
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                running.add(executor.submit(() -> {
                    start.await();
                    for (int round = 0; round < 20_000; round++) {
                        registry.enter(ENV);
                        EnvLocks first = registry.of(store, ENV, false);
                        Thread.onSpinWait();
                        assertThat(registry.of(store, ENV, false)).isSameAs(first);
                        registry.leave(ENV);
                    }
                    return null;
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        }
    }
}
