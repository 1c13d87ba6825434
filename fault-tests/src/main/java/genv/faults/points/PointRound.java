// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.core.state.CrashPoint;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Every operation that passes one crash point is brought there, all in one child. It is stopped by SIGSTOP: others go on, and
 * nothing of it is taken. Then it is killed by SIGKILL: what it had is there for who needs it and for who waits for it.
 */
final class PointRound {
    private PointRound() {}

    /**
     * Runs one round.
     *
     * @param noise whether somebody publishes one version after the other all the time
     * @param probe sees when the kernel has released the seats of the killed
     * @return how many operations were stopped and killed
     */
    static int run(CrashPoint point, boolean noise, Path directory, PointTimes times, SeatProbe probe)
            throws Exception {
        List<Victim> victims = new ArrayList<>();
        try (ChildJvm child =
                ChildJvm.of(PointChild.class).jvmOptions(PointChild.OPTION).start()) {
            for (PointOperation operation : PointOperation.values()) {
                if (operation.points().contains(point)) {
                    victims.add(new Victim(operation, point, directory, times));
                }
            }
            try (Noise _ = new Noise(noise ? victims : List.of())) {
                for (Victim victim : victims) {
                    victim.bringToItsCrashPoint(child);
                }
                child.stop();
                for (Victim victim : victims) {
                    victim.requireOthersToGoOn();
                }
                for (Victim victim : victims) {
                    victim.letAnotherWait(probe);
                }
                probe.begin();
                long killed = child.kill();
                List<SeatProbe.Release> releases = probe.releases();
                for (Victim victim : victims) {
                    victim.requireHeirServed(killed, releases);
                }
            }
            for (Victim victim : victims) {
                victim.requireNothingLeft();
            }
        } finally {
            victims.forEach(Victim::close);
        }
        return victims.size();
    }

    static GenvHost open(Path state) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(state)
                .backend(SimulatedBackend.of(PointOperation.DEVICES))
                .processEnvironment(false)
                .build());
    }

    /** Environments without devices, which come and go in the state directories of the victims. */
    private static final class Noise implements AutoCloseable {
        private final List<GenvHost> hosts = new ArrayList<>();
        private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        private final Thread thread;
        private volatile boolean stopped;

        Noise(List<Victim> victims) {
            for (Victim victim : victims) {
                if (Files.isDirectory(victim.state())) {
                    hosts.add(open(victim.state()));
                }
            }
            thread = Thread.ofPlatform().daemon().name("noise").start(this::make);
        }

        private void make() {
            try {
                while (!stopped && !hosts.isEmpty()) {
                    for (GenvHost host : hosts) {
                        try (Activation activation = host.activate()) {
                            host.configure(
                                    EnvConfig.builder().name(activation.eid()).build());
                        }
                    }
                }
            } catch (RuntimeException e) {
                failure.set(e);
            }
        }

        @Override
        public void close() {
            stopped = true;
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError("nobody interrupts this thread", e);
            }
            hosts.forEach(GenvHost::close);
            RuntimeException thrown = failure.get();
            if (thrown != null) {
                throw thrown;
            }
        }
    }
}
