// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.GenvHost;
import genv.api.Snapshot;
import genv.benchmarks.peer.JsonPeer;
import genv.benchmarks.peer.Peer;
import genv.benchmarks.peer.Scratch;
import genv.benchmarks.peer.SqlitePeer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Everything that is known of the host. */
public class SnapshotBenchmark extends FloorBenchmark {
    /** A state in which others live. */
    public static class Host extends Held {
        /** How many. */
        @Param({"10", "1000"})
        public int live;

        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            StateOfMany state = keep(new StateOfMany());
            host = state.open(false);
            state.populate(live);
        }
    }

    /** A peer's state in which others live. */
    public static class Json extends Held {
        /** How many. */
        @Param({"10", "1000"})
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
        /** How many. */
        @Param({"10", "1000"})
        public int live;

        private Peer peer;

        /** Opens it. */
        @Setup
        public void open() {
            peer = keep(new SqlitePeer(keep(Scratch.create()).directory()));
            peer.populate(live);
        }
    }

    /** With objects for everything. */
    @Benchmark
    public Snapshot genv(Host host) {
        return host.host.snapshot();
    }

    /** Of a JSON file. */
    @Benchmark
    public int json(Json state) {
        return state.peer.snapshot();
    }

    /** Of SQLite. */
    @Benchmark
    public int sqlite(Sqlite state) {
        return state.peer.snapshot();
    }
}
