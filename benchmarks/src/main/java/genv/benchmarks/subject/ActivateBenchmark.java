// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.benchmarks.peer.JsonPeer;
import genv.benchmarks.peer.Peer;
import genv.benchmarks.peer.Scratch;
import genv.benchmarks.peer.SqlitePeer;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Activating an environment with one device and closing it, while others live. */
public class ActivateBenchmark extends FloorBenchmark {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();
    private static final ActivationRequest REQUEST = ActivationRequest.of(ONE);

    /** A host on a state in which others live. */
    public static class Host extends Held {
        /** How many others. */
        @Param({"0", "100", "1000"})
        public int live;

        private GenvHost tasks;
        private GenvHost process;

        /** Opens it. */
        @Setup
        public void open() {
            StateOfMany state = keep(new StateOfMany());
            tasks = state.open(false);
            process = state.open(true);
            state.populate(live);
        }
    }

    /** A peer's state in which others live. */
    public static class Json extends Held {
        /** How many others. */
        @Param({"0", "100", "1000"})
        public int live;

        private Peer peer;

        /** Opens it. */
        @Setup
        public void open() {
            peer = keep(new JsonPeer(keep(Scratch.create()).directory()));
            peer.populate(live);
        }
    }

    /** A peer's state in which others live. */
    public static class Sqlite extends Held {
        /** How many others. */
        @Param({"0", "100", "1000"})
        public int live;

        private Peer peer;

        /** Opens it. */
        @Setup
        public void open() {
            peer = keep(new SqlitePeer(keep(Scratch.create()).directory()));
            peer.populate(live);
        }
    }

    /** The scope of a task. */
    @Benchmark
    public List<Integer> task(Host host) {
        return host.tasks.call(REQUEST, host.tasks::attached);
    }

    /** The scope of the process, with its native variables. */
    @Benchmark
    public Map<String, String> process(Host host) {
        try (var env = host.process.activate(REQUEST)) {
            return env.variables();
        }
    }

    /** In a JSON file. */
    @Benchmark
    public void json(Json state) {
        state.peer.activate("env", 1);
        state.peer.leave("env");
    }

    /** In SQLite. */
    @Benchmark
    public void sqlite(Sqlite state) {
        state.peer.activate("env", 1);
        state.peer.leave("env");
    }
}
