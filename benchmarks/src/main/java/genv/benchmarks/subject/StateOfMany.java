// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.StateFormat;
import genv.benchmarks.peer.Peer;
import genv.benchmarks.peer.Scratch;
import genv.testkit.SimulatedBackend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A state directory of its own, hosts on it, and environments that live in it.
 *
 * <p>The environments belong to a second host, as those of another process would: each has a task of its own, which
 * waits until the end.
 */
public final class StateOfMany implements AutoCloseable {
    private final Scratch scratch = Scratch.create();
    private final List<GenvHost> hosts = new ArrayList<>();
    private final List<Thread> tasks = new ArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);

    /** {@return a host, which is closed with this} */
    public GenvHost open(boolean nativeVariables) {
        GenvHost host = GenvHost.open(options(scratch.directory(), Peer.DEVICES)
                .processEnvironment(nativeVariables)
                .build());
        hosts.add(host);
        return host;
    }

    /** {@return a host on a state in the files of Python Genv, which is closed with this} */
    public GenvHost openPythonFiles() {
        open(false).close();
        GenvHost.convert(scratch.directory().resolve("state"), StateFormat.JSON);
        return open(false);
    }

    /** {@return the options of a host with simulated devices, which touches no variable of the process} */
    public static GenvOptions.Builder options(Path directory, int devices) {
        return GenvOptions.builder()
                .stateDirectory(directory.resolve("state"))
                .backend(SimulatedBackend.of(devices))
                .processEnvironment(false);
    }

    /** {@return the file that holds the state} */
    public Path stateFile() {
        return scratch.directory().resolve("state").resolve("genv.state");
    }

    /** Adds environments without devices; on return all of them live. */
    public void populate(int environments) {
        if (environments == 0) {
            return;
        }
        GenvHost other = open(false);
        CountDownLatch begun = new CountDownLatch(environments);
        ActivationRequest request = ActivationRequest.of(EnvConfig.empty());
        for (int i = 0; i < environments; i++) {
            tasks.add(Thread.ofVirtual()
                    .start(() -> other.run(request, () -> {
                        begun.countDown();
                        await(end);
                    })));
        }
        await(begun);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("a benchmark was interrupted", e);
        }
    }

    @Override
    public void close() {
        end.countDown();
        try {
            for (Thread task : tasks) {
                task.join();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("a benchmark was interrupted", e);
        }
        hosts.reversed().forEach(GenvHost::close);
        scratch.close();
    }
}
