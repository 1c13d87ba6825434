// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The default host is one per process, so the first test, which sees it fail, must be the first. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class GenvTest {
    private static <T> T withProvider(Callable<T> op) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(ServiceClassLoader.of(FirstProvider.class));
        try {
            return op.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    @Order(1)
    void shouldTryAgainWhenOpeningFailed() throws Exception {
        assertThatExceptionOfType(GenvException.class).isThrownBy(Genv::active);
        assertThatExceptionOfType(GenvException.class).isThrownBy(Genv::active);

        assertThat(withProvider(Genv::active)).isTrue();
    }

    @Test
    @Order(2)
    void shouldOpenOneHostWhenManyThreadsAreFirst() throws Exception {
        withProvider(Genv::active);
        int before = TestHosts.OPENED.get();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> answers = IntStream.range(0, 100)
                    .mapToObj(i -> threads.submit(() -> withProvider(Genv::active)))
                    .toList();
            for (Future<Boolean> answer : answers) {
                assertThat(answer.get()).isTrue();
            }
        }
        assertThat(before).isEqualTo(1);
        assertThat(TestHosts.OPENED).hasValue(1);
    }

    @Test
    @Order(3)
    void shouldAskDefaultHostWhenCalled() throws Exception {
        withProvider(Genv::active);
        StubHost host = TestHosts.LAST.get();
        host.asked.clear();
        EnvConfig config = EnvConfig.builder().gpus(1).build();
        ActivationRequest request = ActivationRequest.of(config);

        assertThat(Genv.active()).isTrue();
        assertThat(Genv.eid()).contains("stub");
        assertThatExceptionOfType(AlreadyActiveException.class).isThrownBy(Genv::activate);
        assertThatExceptionOfType(AlreadyActiveException.class).isThrownBy(() -> Genv.activate(config));
        assertThatExceptionOfType(AlreadyActiveException.class).isThrownBy(() -> Genv.activate(request.eid("e")));
        Genv.configure(config);
        assertThat(Genv.configuration()).isEqualTo(EnvConfig.empty());
        assertThat(Genv.refreshConfiguration()).isEqualTo(EnvConfig.empty());
        assertThat(Genv.loadConfiguration()).isEqualTo(EnvConfig.empty());
        Genv.saveConfiguration();
        assertThat(Genv.home()).isEmpty();
        assertThat(Genv.attach()).containsExactly(0);
        assertThat(Genv.attach(DeviceRequest.index(3))).containsExactly(0);
        assertThat(Genv.attached()).containsExactly(0);
        assertThat(Genv.detach()).isEmpty();
        assertThat(Genv.detach(3)).isEmpty();
        assertThat(Genv.refreshAttached()).containsExactly(0);
        assertThat(Genv.leaseEnd()).isPresent();
        assertThat(Genv.renewLease(Duration.ofSeconds(3))).isNotNull();
        Genv.lock().close();
        Genv.lock(LockMode.SHARE).close();
        Genv.tryLock().orElseThrow().close();
        Genv.tryLock(LockMode.SHARE).orElseThrow().close();
        Genv.tryLock(Duration.ofSeconds(1)).orElseThrow().close();
        Genv.tryLock(LockMode.SHARE, Duration.ofSeconds(2)).orElseThrow().close();
        assertThat(Genv.snapshot().envs()).isEmpty();
        assertThat(Genv.snapshotJson()).isEqualTo("{}");
        assertThat(Genv.call(request, () -> "result")).isEqualTo("result");
        Genv.run(request, () -> host.asked.add("ran"));

        assertThat(host.asked)
                .containsExactly(
                        "active",
                        "eid",
                        "activate ActivationRequest[EnvConfig[], waitUpTo=PT0S]",
                        "activate ActivationRequest[EnvConfig[gpus=1], waitUpTo=PT0S]",
                        "activate ActivationRequest[EnvConfig[gpus=1], eid=e, waitUpTo=PT0S]",
                        "configure EnvConfig[gpus=1]",
                        "configuration",
                        "refreshConfiguration",
                        "loadConfiguration",
                        "saveConfiguration",
                        "home",
                        "attach DeviceRequest[configured, waitUpTo=PT0S]",
                        "attach DeviceRequest[index=3, waitUpTo=PT0S]",
                        "attached",
                        "detach",
                        "detach 3",
                        "refreshAttached",
                        "leaseEnd",
                        "renewLease PT3S",
                        "lock EXCLUSIVE",
                        "lock SHARE",
                        "tryLock EXCLUSIVE",
                        "tryLock SHARE",
                        "tryLock EXCLUSIVE PT1S",
                        "tryLock SHARE PT2S",
                        "snapshot",
                        "snapshotJson",
                        "call ActivationRequest[EnvConfig[gpus=1], waitUpTo=PT0S]",
                        "call ActivationRequest[EnvConfig[gpus=1], waitUpTo=PT0S]",
                        "ran");
    }

    @Test
    @Order(4)
    void shouldHaveEveryOperationWhenHostHasIt() {
        Set<String> here = signatures(
                Arrays.stream(Genv.class.getMethods()).filter(method -> method.getDeclaringClass() == Genv.class));
        Set<String> there = signatures(Arrays.stream(GenvHost.class.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> !method.getName().equals("close")));

        assertThat(here).isEqualTo(there).hasSize(29);
    }

    private static Set<String> signatures(Stream<Method> methods) {
        return methods.map(method -> method.getGenericReturnType() + " " + method.getName()
                        + Arrays.toString(method.getGenericParameterTypes())
                        + Arrays.toString(method.getGenericExceptionTypes()))
                .collect(Collectors.toSet());
    }
}
