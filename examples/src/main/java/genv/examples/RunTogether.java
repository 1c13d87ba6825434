// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.Genv;
import genv.api.LockMode;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/** Running together on a device as far as the memory shares fit, while who needs it alone waits. */
public final class RunTogether {
    private static final CountDownLatch TOGETHER = new CountDownLatch(2);

    private RunTogether() {}

    /** Three environments on one device: two that run together, then one that runs alone. */
    public static void main(String[] args) throws Exception {
        EnvConfig config = EnvConfig.builder().gpus(1).gpuMemory("4g").build();
        ActivationRequest request = ActivationRequest.of(config);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> tasks = List.of(
                    executor.submit(() -> Genv.run(request, RunTogether::infer)),
                    executor.submit(() -> Genv.run(request, RunTogether::infer)),
                    executor.submit(() -> Genv.run(request, RunTogether::update)));
            for (Future<?> task : tasks) {
                task.get();
            }
        }
    }

    private static void infer() {
        try (DeviceLock lock = Genv.lock(LockMode.SHARE)) { // with others, as long as the shares fit
            together(lock.devices());
        }
    }

    private static void update() {
        await(TOGETHER);
        try (DeviceLock lock = Genv.lock()) { // waits for all of them
            System.out.println("alone on " + lock.devices());
        }
    }

    /** Goes on as soon as both are here, and somebody waits for them to leave. */
    private static void together(List<Integer> devices) {
        TOGETHER.countDown();
        await(TOGETHER);
        while (Genv.snapshot().waiters().isEmpty()) {
            LockSupport.parkNanos(1_000_000);
        }
        System.out.println("together on " + devices);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }
}
