// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.benchmarks.peer.LockedFile;
import genv.benchmarks.peer.Scratch;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The floor F: one {@code FileChannel} lock and its release on a file that nobody else has.
 *
 * <p>Every group of subjects inherits it, so that a subject and its floor are measured one after the other.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public abstract class FloorBenchmark {
    /** The file. */
    @State(Scope.Benchmark)
    public static class PrivateFile extends Held {
        private LockedFile file;

        /** Opens it. */
        @Setup
        public void open() {
            file = keep(new LockedFile(keep(Scratch.create()).directory().resolve("private")));
        }
    }

    /** The floor. */
    @Benchmark
    public FileLock floor(PrivateFile floor) throws IOException {
        FileLock lock = floor.file.lock();
        lock.release();
        return lock;
    }
}
