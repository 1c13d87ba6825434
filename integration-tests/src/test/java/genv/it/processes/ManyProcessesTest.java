// SPDX-License-Identifier: Apache-2.0
package genv.it.processes;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.GenvHost;
import genv.api.Snapshot;
import genv.it.check.Eventually;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.Referee;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Several processes do everything at once while some are killed; referees outside of genv see what each has. */
@GenvTest(devices = RandomWorker.DEVICES, memory = "16000m")
class ManyProcessesTest {
    private static final int PROCESSES = 4;
    private static final int KILLS = 4;
    private static final int ROUNDS = 200;

    private record Worker(ChildJvm child, int holder) {}

    private record Files(Path state, Path devices, Path locks) {}

    /** How long a request for devices may wait. */
    Duration longestWait() {
        return RandomWorker.WAIT;
    }

    private Worker start(Files files, int holder, long seed) {
        return new Worker(
                ChildJvm.of(RandomWorker.class)
                        .name("worker-" + holder)
                        .arguments(
                                files.state().toString(),
                                files.devices().toString(),
                                files.locks().toString(),
                                Integer.toString(holder),
                                Long.toString(seed),
                                Integer.toString(ROUNDS),
                                longestWait().toString())
                        .start(),
                holder);
    }

    @Test
    void shouldGiveNothingTwiceAndLeaveNothingBehind(GenvHosts hosts) {
        Path directory = hosts.workingDirectory();
        Files files = new Files(hosts.stateDirectory(), directory.resolve("devices"), directory.resolve("locks"));
        GenvHost host = hosts.host();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Worker> workers = new ArrayList<>();
        List<Worker> started = new ArrayList<>();
        try (Referee devices = Referee.create(
                        files.devices(), RandomWorker.DEVICES, RandomWorker.CAPACITY_MB, PROCESSES + KILLS);
                Referee locks = Referee.create(
                        files.locks(), RandomWorker.DEVICES, RandomWorker.CAPACITY_MB, PROCESSES + KILLS)) {
            int holder = 0;
            while (workers.size() < PROCESSES) {
                workers.add(start(files, ++holder, random.nextLong()));
            }
            started.addAll(workers);
            for (int kill = 0; kill < KILLS; kill++) {
                int position = random.nextInt(PROCESSES);
                Worker victim = workers.get(position);
                for (int round = random.nextInt(30); round >= 0; round--) {
                    victim.child().expect("round");
                }
                devices.dooming(victim.holder());
                locks.kill(victim.child(), victim.holder());
                devices.died(victim.holder());
                Worker next = start(files, ++holder, random.nextLong());
                workers.set(position, next);
                started.add(next);
                Snapshot seen = host.snapshot();
                assertThat(seen.devices()).hasSize(RandomWorker.DEVICES);
            }
            for (Worker worker : workers) {
                awaitFinished(worker.child());
            }
            devices.verify();
            locks.verify();
            assertThat(Eventually.isEmpty(host.snapshot())).as("seed=" + seed).isTrue();
            for (int device = 0; device < RandomWorker.DEVICES; device++) {
                assertThat(devices.held(device) + locks.held(device)).isZero();
            }
            for (Worker worker : workers) {
                worker.child().tell("end");
                worker.child().awaitExit();
            }
        } finally {
            started.forEach(worker -> worker.child().close());
        }
    }

    private static void awaitFinished(ChildJvm child) {
        String said;
        do {
            said = child.next();
        } while (!said.equals("finished"));
    }
}
