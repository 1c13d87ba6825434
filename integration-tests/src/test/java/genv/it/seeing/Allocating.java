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
 * Says how many bytes this thread allocates in a thousand activations, attachments and detachments, and locks. To be
 * interpreted (-Xint), where every allocation of the source is one: then the numbers are exact.
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
        long begin = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < TIMES; i++) {
            host.run(request, () -> {});
        }
        long activated = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < TIMES; i++) {
            host.attach(DeviceRequest.index(1));
            host.detach(1);
        }
        long attached = threads.getCurrentThreadAllocatedBytes();
        host.attach(DeviceRequest.index(0));
        long begun = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < TIMES; i++) {
            host.lock(LockMode.EXCLUSIVE).close();
        }
        long locked = threads.getCurrentThreadAllocatedBytes();
        host.detach();
        return "activate=" + (activated - begin) + " attach=" + (attached - activated) + " lock=" + (locked - begun);
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
