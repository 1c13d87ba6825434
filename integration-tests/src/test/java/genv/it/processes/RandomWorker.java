// SPDX-License-Identifier: Apache-2.0
package genv.it.processes;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildTask;
import genv.testkit.process.Referee;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Does one thing after the other, chosen at random, and tells the referees of every device that it was given alone and of
 * every lock that it took.
 *
 * <p>Arguments: state directory, referees' files, the holder that it is to both, seed, number of rounds.
 */
final class RandomWorker implements ChildTask {
    static final int DEVICES = 3;
    static final int CAPACITY_MB = 16_000;

    /** How long requests for devices may wait where they can. */
    static final Duration WAIT = Duration.ofSeconds(30);

    @Override
    public void run(ChildContext context) throws Exception {
        List<String> arguments = context.arguments();
        GenvOptions options = GenvOptions.builder()
                .stateDirectory(Path.of(arguments.get(0)))
                .backend(SimulatedBackend.of(DEVICES, CAPACITY_MB + "m"))
                .processEnvironment(false)
                .build();
        int holder = Integer.parseInt(arguments.get(3));
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(Long.parseLong(arguments.get(4)));
        try (Referee devices = Referee.open(Path.of(arguments.get(1)));
                Referee locks = Referee.open(Path.of(arguments.get(2)));
                GenvHost host = GenvHost.open(options)) {
            Duration longest = Duration.parse(arguments.get(6));
            Work work = new Work(host, devices, locks, holder, random, longest);
            int rounds = Integer.parseInt(arguments.get(5));
            for (int i = 0; i < rounds; i++) {
                context.send("round " + i);
                try {
                    work.round();
                } catch (DevicesUnavailableException taken) {
                    // an answer too
                }
            }
            context.send("finished");
            context.await("end");
        }
    }

    /** What a round is done with. */
    private record Work(
            GenvHost host, Referee devices, Referee locks, int holder, RandomGenerator random, Duration longest) {
        void round() throws InterruptedException {
            switch (random.nextInt(6)) {
                case 0 -> alone(whole(), Duration.ZERO);
                case 1 -> alone(whole(), longest);
                case 2 -> alone(share(), random.nextBoolean() ? longest : Duration.ZERO);
                case 3 -> shared(ActivationRequest.of(share()).overSubscribed());
                case 4 ->
                    shared(ActivationRequest.of(random.nextBoolean() ? share() : EnvConfig.empty())
                            .eid("team")
                            .overSubscribed());
                default -> task();
            }
        }

        private EnvConfig whole() {
            return EnvConfig.builder().gpus(1 + random.nextInt(2)).build();
        }

        private EnvConfig share() {
            return EnvConfig.builder()
                    .gpus(1 + random.nextInt(DEVICES))
                    .gpuMemory((1 + random.nextInt(10)) + "g")
                    .build();
        }

        private static long amount(EnvConfig config) {
            return config.gpuMemory().map(size -> size.bytes() / 1_000_000).orElse((long) CAPACITY_MB);
        }

        /** Devices, or shares of them, that no others may have: the referee of devices is told. */
        private void alone(EnvConfig config, Duration wait) throws InterruptedException {
            try (Activation activation =
                    host.activate(ActivationRequest.of(config).waitUpTo(wait))) {
                List<Integer> mine = activation.devices();
                mine.forEach(device -> devices.acquired(device, holder, amount(config)));
                lockOnce();
                if (mine.size() > 1) {
                    int first = mine.getFirst();
                    devices.released(first, holder);
                    host.detach(first);
                    try {
                        host.attach(DeviceRequest.gpus(mine.size()));
                    } catch (DevicesUnavailableException taken) {
                        // somebody was quicker
                    }
                    List<Integer> rest = mine.subList(1, mine.size());
                    host.attached().stream()
                            .filter(device -> !rest.contains(device))
                            .forEach(device -> devices.acquired(device, holder, amount(config)));
                }
                host.attached().forEach(device -> devices.released(device, holder));
            }
        }

        /** Devices that others may have too: only locks are exclusive. */
        private void shared(ActivationRequest request) throws InterruptedException {
            try (Activation _ = host.activate(request)) {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    lockOnce();
                    if (random.nextInt(3) == 0) {
                        host.attach(
                                DeviceRequest.gpus(1 + random.nextInt(DEVICES)).overSubscribed());
                    }
                }
            }
        }

        private void task() throws InterruptedException {
            host.<Boolean, InterruptedException>call(
                    ActivationRequest.of(whole()).overSubscribed().waitUpTo(longest), () -> {
                        lockOnce();
                        return true;
                    });
        }

        /** Whole devices: a shared lock's share may be changed by others meanwhile in a joined environment. */
        private void lockOnce() throws InterruptedException {
            Optional<DeviceLock> taken = switch (random.nextInt(3)) {
                case 0 -> host.tryLock();
                case 1 -> host.tryLock(LockMode.EXCLUSIVE, WAIT);
                default -> Optional.of(host.lock());
            };
            if (taken.isPresent()) {
                try (DeviceLock lock = taken.get()) {
                    lock.devices().forEach(device -> locks.acquired(device, holder));
                    try (DeviceLock nested = host.lock(LockMode.SHARE)) {
                        Thread.onSpinWait();
                        List<Integer> added = nested.devices().stream()
                                .filter(device -> !lock.devices().contains(device))
                                .toList();
                        added.forEach(device -> locks.acquired(device, holder));
                        added.forEach(device -> locks.released(device, holder));
                    } catch (genv.api.GenvException notAtOnce) {
                        // a member attached a device meanwhile, which somebody else has locked
                    }
                    lock.devices().forEach(device -> locks.released(device, holder));
                }
            }
        }
    }
}
