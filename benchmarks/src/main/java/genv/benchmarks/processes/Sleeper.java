// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.processes;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.benchmarks.peer.LockedFile;
import genv.benchmarks.subject.StateOfMany;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A lock that two processes want, of one of two kinds. */
enum Sleeper {
    /** The lock on a device that both share. */
    GENV {
        @Override
        void with(Path directory, Consumer<Lockable> use) {
            try (GenvHost host = GenvHost.open(StateOfMany.options(directory, 1).build())) {
                ActivationRequest shared = ActivationRequest.of(
                                EnvConfig.builder().gpus(1).build())
                        .overSubscribed();
                host.run(
                        shared,
                        () -> use.accept(() -> {
                            DeviceLock lock = host.lock();
                            return lock::close;
                        }));
            }
        }
    },
    /** A lock on a file. */
    FILE {
        @Override
        void with(Path directory, Consumer<Lockable> use) {
            try (LockedFile file = new LockedFile(directory.resolve("device"))) {
                use.accept(() -> {
                    FileLock lock = file.lock();
                    return () -> LockedFile.release(lock);
                });
            }
        }
    };

    /** Waits for the lock and returns what gives it back. */
    interface Lockable {
        Runnable lock();
    }

    abstract void with(Path directory, Consumer<Lockable> use);
}
