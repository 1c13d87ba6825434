// SPDX-License-Identifier: Apache-2.0
package genv.faults.json;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * A process to be killed: threads that take devices for a moment, and lock the one of an environment that all of them join. What a
 * thread throws ends the process and fails the run. Arguments: state directory, claims, seed.
 */
final class JsonWorker implements ChildTask {
    static final int DEVICES = 4;

    /** The environment that lives as long as the run, and the device that it has. */
    static final String POOL = "pool";

    private static final int THREADS = 2;
    private static final Duration PATIENCE = Duration.ofMillis(20);

    private volatile boolean stopped;

    static GenvHost open(Path state) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(state)
                .backend(SimulatedBackend.of(DEVICES, "16g"))
                .processEnvironment(false)
                .build());
    }

    @Override
    public void run(ChildContext context) throws Exception {
        List<String> given = context.arguments();
        try (Claims claims = Claims.open(Path.of(given.get(1)));
                GenvHost host = open(Path.of(given.getFirst()))) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(Long.parseLong(given.get(2)) * THREADS + i);
                threads.add(Thread.ofPlatform().start(() -> loop(host, claims, random)));
            }
            context.send("ready");
            context.await("stop");
            stopped = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
        context.send("left");
    }

    private void loop(GenvHost host, Claims claims, Random random) {
        try {
            while (!stopped) {
                switch (random.nextInt(4)) {
                    case 0 -> lockThePool(host, claims, random);
                    case 1 -> host.snapshot();
                    default -> takeDevices(host, claims, random);
                }
            }
        } catch (Exception e) {
            throw new AssertionError("a program failed", e);
        }
    }

    private static void lockThePool(GenvHost host, Claims claims, Random random) throws Exception {
        ActivationRequest join = ActivationRequest.of(EnvConfig.empty()).eid(POOL);
        host.<Boolean, Exception>call(join, () -> {
            Optional<DeviceLock> got = random.nextBoolean() ? host.tryLock(PATIENCE) : host.tryLock();
            if (got.isEmpty()) {
                return false;
            }
            try (DeviceLock lock = got.get();
                    Claims.Claim _ = claims.claim(lock.devices(), Claims.LOCKS)) {
                linger(random);
            } catch (OverlappingFileLockException shared) {
                // threads of one process have the lock of an environment together
            }
            return true;
        });
    }

    private static void takeDevices(GenvHost host, Claims claims, Random random) throws Exception {
        EnvConfig config = EnvConfig.builder().gpus(random.nextInt(3)).build();
        try {
            host.<Boolean, Exception>call(ActivationRequest.of(config), () -> {
                keep(host.attached(), host, claims, random);
                return true;
            });
        } catch (DevicesUnavailableException none) {
            // an answer too
        }
    }

    /** Has some devices; then takes more, or gives some back, and renames itself. */
    private static void keep(List<Integer> devices, GenvHost host, Claims claims, Random random) throws Exception {
        try (Claims.Claim _ = claims.claim(devices, 0)) {
            linger(random);
            if (random.nextBoolean()) {
                List<Integer> more = new ArrayList<>(host.attach(DeviceRequest.gpus(devices.size() + 1)));
                more.removeAll(devices);
                try (Claims.Claim _ = claims.claim(more, 0)) {
                    host.configure(
                            host.configuration().toBuilder().name("larger").build());
                    linger(random);
                }
                more.forEach(host::detach);
            }
        }
        if (random.nextBoolean()) {
            host.detach();
        }
    }

    private static void linger(Random random) {
        LockSupport.parkNanos(random.nextInt(200_000));
    }
}
