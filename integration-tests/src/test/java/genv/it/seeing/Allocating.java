// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import com.sun.management.ThreadMXBean;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * Says how many bytes this thread allocates in an activation, an attachment and its end, and a lock and its release: the
 * least of a thousand. To be interpreted (-Xint), where every allocation of the source is one: then the numbers are exact.
 *
 * <p>Arguments: a state directory, and {@code new}, or {@code recorded} to have had a recording before.
 */
final class Allocating implements ChildTask {
    private static final int TIMES = 1000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Override
    public void run(ChildContext context) throws Exception {
        GenvOptions options = GenvOptions.builder()
                .stateDirectory(Path.of(context.arguments().getFirst()))
                .backend(SimulatedBackend.of(2))
                .processEnvironment(false)
                .build();
        ActivationRequest request =
                ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("task");
        try (GenvHost host = GenvHost.open(options)) {
            host.activate(ActivationRequest.of(EnvConfig.empty()).eid("process"));
            if (context.arguments().contains("recorded")) {
                RecordedBefore.record(() -> measure(host, request));
            }
            measure(host, request); // what is made once
            context.send("bytes " + measure(host, request));
        }
    }

    private String measure(GenvHost host, ActivationRequest request) {
        long activate = least(() -> host.run(request, () -> {}));
        long attach = least(() -> {
            host.attach(DeviceRequest.index(1));
            host.detach(1);
        });
        host.attach(DeviceRequest.index(0));
        long lock = least(() -> host.lock(LockMode.EXCLUSIVE).close());
        host.detach();
        return "activate=" + activate + " attach=" + attach + " lock=" + lock;
    }

    /** What the operation allocates at least: now and then it also looks at a file, which depends on time. */
    private long least(Runnable operation) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < TIMES; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            operation.run();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    /** Names Flight Recorder, which may be missing. */
    private static final class RecordedBefore {
        static void record(Runnable work) {
            try (Recorder _ = new Recorder()) {
                work.run();
            }
        }
    }
}
