// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.benchmarks.peer.JsonPeer;
import genv.benchmarks.peer.LockedFile;
import genv.benchmarks.peer.Peer;
import genv.benchmarks.peer.Scratch;
import genv.benchmarks.peer.SqlitePeer;
import java.io.IOException;
import java.nio.channels.FileLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/** Locking the attached devices and unlocking them, while nobody else wants them. */
public class LockBenchmark extends FloorBenchmark {
    private static GenvHost active(Held held, int gpus) {
        GenvHost host = held.keep(new StateOfMany()).open(false);
        held.keep(host.activate(EnvConfig.builder().gpus(gpus).build()));
        return host;
    }

    /** An environment with one device. */
    public static class One extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = active(this, 1);
        }
    }

    /** An environment with eight devices. */
    public static class Eight extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = active(this, Peer.DEVICES);
        }
    }

    /** Peers with one device. */
    public static class Peers extends Held {
        private LockedFile file;
        private Peer json;
        private Peer sqlite;

        /** Opens it. */
        @Setup
        public void open() {
            Scratch scratch = keep(Scratch.create());
            file = keep(new LockedFile(scratch.directory().resolve("devices")));
            json = keep(new JsonPeer(scratch.directory()));
            sqlite = keep(new SqlitePeer(scratch.directory()));
            json.activate("env", 1);
            sqlite.activate("env", 1);
        }
    }

    /** One device. */
    @Benchmark
    public DeviceLock one(One env) {
        DeviceLock lock = env.host.lock();
        lock.close();
        return lock;
    }

    /** Eight devices. */
    @Benchmark
    public DeviceLock eight(Eight env) {
        DeviceLock lock = env.host.lock();
        lock.close();
        return lock;
    }

    /** Eight devices, each a lock on a byte of a file. */
    @Benchmark
    public void fileEight(Peers peers) throws IOException {
        FileLock[] locks = new FileLock[Peer.DEVICES];
        for (int i = 0; i < locks.length; i++) {
            locks[i] = peers.file.lock(i);
        }
        for (FileLock lock : locks) {
            lock.release();
        }
    }

    /** One device, in a JSON file. */
    @Benchmark
    public void jsonOne(Peers peers) {
        peers.json.lock("env");
        peers.json.unlock("env");
    }

    /** One device, in SQLite. */
    @Benchmark
    public void sqliteOne(Peers peers) {
        peers.sqlite.lock("env");
        peers.sqlite.unlock("env");
    }
}
