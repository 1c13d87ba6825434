// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/** The same operations of genv in a directory that has the files of Python Genv: they are read and written each time. */
public class PythonFilesBenchmark extends FloorBenchmark {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();
    private static final DeviceRequest DEVICE = DeviceRequest.gpus(1);

    /** A host on such a directory. */
    public static class Host extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).openPythonFiles();
        }
    }

    /** A host on such a directory, with an active environment. */
    public static class Active extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).openPythonFiles();
            keep(host.activate());
        }
    }

    /** A host on such a directory, with an active environment that has a device. */
    public static class WithDevice extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).openPythonFiles();
            keep(host.activate(ONE));
        }
    }

    /** Activating an environment with one device and closing it, in the scope of a task. */
    @Benchmark
    public List<Integer> activate(Host state) {
        return state.host.call(ActivationRequest.of(ONE), state.host::attached);
    }

    /** Attaching one device and detaching it. */
    @Benchmark
    public List<Integer> attach(Active state) {
        state.host.attach(DEVICE);
        return state.host.detach();
    }

    /** Locking one device and releasing it. */
    @Benchmark
    public DeviceLock lock(WithDevice state) {
        DeviceLock lock = state.host.lock();
        lock.close();
        return lock;
    }
}
