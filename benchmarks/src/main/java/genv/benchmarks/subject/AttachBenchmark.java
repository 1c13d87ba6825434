// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.benchmarks.peer.JsonPeer;
import genv.benchmarks.peer.Scratch;
import genv.benchmarks.peer.SqlitePeer;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Setup;

/**
 * Attaching devices and detaching them, in an environment that is active all the time.
 *
 * <p>A task scope is entered once for many operations, whose figures so contain a thousandth of an activation. In the
 * process scope the native variables follow each of the two changes.
 */
public class AttachBenchmark extends FloorBenchmark {
    private static final int OPERATIONS = 1000;
    private static final ActivationRequest NOTHING = ActivationRequest.of(EnvConfig.empty());
    private static final DeviceRequest ONE = DeviceRequest.gpus(1);
    private static final DeviceRequest EIGHT = DeviceRequest.gpus(8);

    /** A host for task scopes. */
    public static class Tasks extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).open(false);
        }

        private void attachAndDetach(DeviceRequest request) {
            host.run(NOTHING, () -> {
                for (int i = 0; i < OPERATIONS; i++) {
                    if (host.attach(request).isEmpty() || !host.detach().isEmpty()) {
                        throw new IllegalStateException("not attached, or not detached");
                    }
                }
            });
        }
    }

    /** A process that is in an environment. */
    public static class InProcess extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).open(true);
            keep(host.activate());
        }
    }

    /** Peers with one environment. */
    public static class Peers extends Held {
        private JsonPeer json;
        private SqlitePeer sqlite;

        /** Opens it. */
        @Setup
        public void open() {
            Scratch scratch = keep(Scratch.create());
            json = keep(new JsonPeer(scratch.directory()));
            sqlite = keep(new SqlitePeer(scratch.directory()));
            json.activate("env", 0);
            sqlite.activate("env", 0);
        }
    }

    /** One device, in a task scope. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public void taskOne(Tasks tasks) {
        tasks.attachAndDetach(ONE);
    }

    /** Eight devices, in a task scope. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public void taskEight(Tasks tasks) {
        tasks.attachAndDetach(EIGHT);
    }

    /** One device, in the process scope. */
    @Benchmark
    public List<Integer> processOne(InProcess process) {
        process.host.attach(ONE);
        return process.host.detach();
    }

    /** Eight devices, in the process scope. */
    @Benchmark
    public List<Integer> processEight(InProcess process) {
        process.host.attach(EIGHT);
        return process.host.detach();
    }

    /** One device, in a JSON file. */
    @Benchmark
    public void jsonOne(Peers peers) {
        peers.json.attach("env", 1);
        peers.json.detach("env");
    }

    /** One device, in SQLite. */
    @Benchmark
    public void sqliteOne(Peers peers) {
        peers.sqlite.attach("env", 1);
        peers.sqlite.detach("env");
    }
}
