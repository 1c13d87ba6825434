// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.api.EnvConfig;
import genv.api.GenvHost;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** What is asked most often, while nothing changes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class QueryBenchmark {
    private static final int OPERATIONS = 100_000;
    private static final EnvConfig ONE =
            EnvConfig.builder().name("benchmark").gpus(1).gpuMemory("1g").build();

    /** A process that is in an environment. */
    public static class InProcess extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).open(false);
            keep(host.activate(ONE));
        }
    }

    /** A host for task scopes. */
    public static class Tasks extends Held {
        private GenvHost host;

        /** Opens it. */
        @Setup
        public void open() {
            host = keep(new StateOfMany()).open(false);
        }
    }

    /** Whether an environment is active. */
    @Benchmark
    public boolean active(InProcess process) {
        return process.host.active();
    }

    /** The identifier. */
    @Benchmark
    public Optional<String> eid(InProcess process) {
        return process.host.eid();
    }

    /** The devices. */
    @Benchmark
    public List<Integer> attached(InProcess process) {
        return process.host.attached();
    }

    /** The configuration. */
    @Benchmark
    public EnvConfig configuration(InProcess process) {
        return process.host.configuration();
    }

    /** The devices, in a task scope. */
    @Benchmark
    @OperationsPerInvocation(OPERATIONS)
    public void attachedOfTask(Tasks tasks, Blackhole seen) {
        tasks.host.run(genv.api.ActivationRequest.of(ONE), () -> {
            for (int i = 0; i < OPERATIONS; i++) {
                seen.consume(tasks.host.attached());
            }
        });
    }
}
