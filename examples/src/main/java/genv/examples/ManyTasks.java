// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.Genv;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many tasks in one JVM, each with a device of its own. */
public final class ManyTasks {
    private ManyTasks() {}

    /** Runs eight tasks on as many devices as there are. */
    public static void main(String[] args) throws Exception {
        EnvConfig config = EnvConfig.builder().gpus(1).build();
        ActivationRequest request = ActivationRequest.of(config).waitUpTo(Duration.ofMinutes(5));
        List<Future<String>> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 8; i++) {
                int task = i;
                results.add(executor.submit(() -> Genv.call(request, () -> compute(task, Genv.attached()))));
            }
        }
        for (Future<String> result : results) {
            System.out.println(result.get());
        }
    }

    private static String compute(int task, List<Integer> devices) {
        return "task " + task + " had devices " + devices;
    }
}
