// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.benchmarks.peer.JsonPeer;
import genv.benchmarks.peer.LockedFile;
import genv.benchmarks.peer.Peer;
import genv.benchmarks.peer.SqlitePeer;
import genv.benchmarks.subject.StateOfMany;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** What each of several workers does again and again, alone or together with others. */
enum Workload {
    /** Attaches a device and detaches it; there is one for each worker. */
    GENV_ATTACH(false) {
        @Override
        Place open(Path directory, long holdNanos) {
            GenvHost host =
                    GenvHost.open(StateOfMany.options(directory, Peer.DEVICES).build());
            DeviceRequest one = DeviceRequest.gpus(1);
            return new Place(
                    (worker, loop) -> host.run(
                            ActivationRequest.of(EnvConfig.empty()),
                            () -> loop.accept(() -> {
                                host.attach(one);
                                host.detach();
                            })),
                    host);
        }
    },
    /** The same on the files of Python Genv, under its locks and written to the disk at each step. */
    PYTHON_ATTACH(false) {
        @Override
        Place open(Path directory, long holdNanos) {
            beginInFiles(directory);
            return GENV_ATTACH.open(directory, holdNanos);
        }
    },
    /** The same on a JSON file. */
    JSON_ATTACH(true) {
        @Override
        Place open(Path directory, long holdNanos) {
            JsonPeer peer = new JsonPeer(directory);
            return new Place((worker, loop) -> attachAndDetach(peer, worker, loop), peer);
        }
    },
    /** The same on SQLite. */
    SQLITE_ATTACH(false) {
        @Override
        Place open(Path directory, long holdNanos) {
            return new Place(
                    (worker, loop) -> {
                        try (Peer peer = new SqlitePeer(directory)) {
                            attachAndDetach(peer, worker, loop);
                        }
                    },
                    () -> {});
        }
    },
    /** Locks the one device, which all workers share, and unlocks it. */
    GENV_HAND(false) {
        @Override
        Place open(Path directory, long holdNanos) {
            GenvHost host = GenvHost.open(StateOfMany.options(directory, 1).build());
            ActivationRequest shared =
                    ActivationRequest.of(EnvConfig.builder().gpus(1).build()).overSubscribed();
            Turns turns = new Turns(directory, holdNanos);
            return new Place(
                    (worker, loop) ->
                            host.run(shared, () -> loop.accept(turns.of(worker, host::lock, DeviceLock::close))),
                    () -> {
                        host.close();
                        turns.close();
                    });
        }
    },
    /** Locks and unlocks a file; the threads of a process stand in a queue, as file locks are not for threads. */
    FILE_HAND(true) {
        @Override
        Place open(Path directory, long holdNanos) {
            return lockedFile(directory, holdNanos, new ReentrantLock(true));
        }
    },
    /** The same, but the threads of a process overtake each other. */
    FILE_BARGE(true) {
        @Override
        Place open(Path directory, long holdNanos) {
            return lockedFile(directory, holdNanos, new ReentrantLock(false));
        }
    };

    /** The number of this worker on the host, and what runs the step again and again. */
    interface Session {
        void run(int worker, Consumer<Runnable> loop);
    }

    /** Where the workers of a process work. */
    record Place(Session session, AutoCloseable resources) {}

    private final boolean isForOnePlace;

    Workload(boolean isForOnePlace) {
        this.isForOnePlace = isForOnePlace;
    }

    /** {@code holdNanos}: how long a lock that goes from one to the other is held, at least. */
    abstract Place open(Path directory, long holdNanos);

    /** Whether a directory can be opened only once in one process, as file locks belong to the process. */
    boolean isForOnePlace() {
        return isForOnePlace;
    }

    /** Has the state kept in the files of Python Genv; what another process has begun stays. */
    private static void beginInFiles(Path directory) {
        try {
            Path state = Files.createDirectories(directory.resolve("state"));
            Path made = Files.createTempFile(directory, "envs", ".json");
            Files.writeString(made, "{\"envs\": []}");
            try {
                Files.createLink(state.resolve("envs.json"), made);
            } catch (FileAlreadyExistsException anotherWasFirst) {
                // it is the same
            }
            Files.delete(made);
        } catch (IOException e) {
            throw new UncheckedIOException("a state cannot be made: directory=" + directory, e);
        }
    }

    private static void attachAndDetach(Peer peer, int worker, Consumer<Runnable> loop) {
        String eid = "env-" + worker;
        peer.activate(eid, 0);
        loop.accept(() -> {
            peer.attach(eid, 1);
            peer.detach(eid);
        });
    }

    private static Place lockedFile(Path directory, long holdNanos, ReentrantLock threads) {
        LockedFile file = new LockedFile(directory.resolve("device"));
        Turns turns = new Turns(directory, holdNanos);
        return new Place(
                (worker, loop) -> loop.accept(turns.of(
                        worker,
                        () -> {
                            threads.lock();
                            return file.lock();
                        },
                        (FileLock lock) -> {
                            LockedFile.release(lock);
                            threads.unlock();
                        })),
                () -> {
                    file.close();
                    turns.close();
                });
    }
}
