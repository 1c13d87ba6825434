// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.api.MemorySize;
import genv.testkit.process.Referee;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * What one thread of a child does, decided by its seed: it activates environments of every kind, works in them and leaves
 * them, until it is told to stop or killed.
 *
 * <p>The identifier says of an environment what a snapshot does not: {@code n-} never over-subscribes, {@code o-} does;
 * {@code joined-} is joined by several processes and does not. The referee is told of what {@code n-} environments are
 * attached to, and of every lock of which this thread knows the share.
 */
final class Program {
    private static final List<Integer> SHARES = List.of(2_000, 4_000, 6_000, 8_000, 10_000, 16_000);

    private final GenvHost host;
    private final Random random;
    private final Ledger devices;
    private final Ledger locks;
    private final Pulse pulse;
    private final int thread;
    private final boolean mainScope;
    private final String name;

    /**
     * @param thread its number among those of all children
     * @param mainScope whether it uses the environment of the process; otherwise environments of tasks
     */
    Program(
            GenvHost host,
            long seed,
            Referee deviceReferee,
            Referee lockReferee,
            int holder,
            Pulse pulse,
            int thread,
            boolean mainScope) {
        this.host = host;
        this.random = new Random(seed);
        this.devices = new Ledger(deviceReferee, holder);
        this.locks = new Ledger(lockReferee, holder);
        this.pulse = pulse;
        this.thread = thread;
        this.mainScope = mainScope;
        this.name = ProcessHandle.current().pid() + "-" + thread;
    }

    /** One environment, from its activation to its end. */
    void cycle() throws InterruptedException {
        int kind = random.nextInt(10);
        if (kind < 3) {
            environment("n-" + name, Optional.empty(), false);
        } else if (kind < 6) {
            environment("n-" + name, Optional.of(share()), false);
        } else if (kind < 9 || !mainScope) {
            environment("o-" + name, random.nextBoolean() ? Optional.empty() : Optional.of(share()), true);
        } else {
            environment("joined-" + random.nextInt(2), Optional.of(share()), false);
        }
    }

    private void environment(String eid, Optional<Integer> share, boolean overSubscribed) throws InterruptedException {
        EnvConfig.Builder config = EnvConfig.builder().gpus(1 + random.nextInt(overSubscribed ? 4 : 2));
        share.ifPresent(megabytes -> config.gpuMemory(megabytes + "m"));
        boolean joins = eid.startsWith("joined-");
        ActivationRequest request = ActivationRequest.of(
                        joins && random.nextBoolean() ? EnvConfig.empty() : config.build())
                .eid(eid)
                .waitUpTo(wait(80));
        if (overSubscribed) {
            request = request.overSubscribed();
        }
        boolean refereed = eid.startsWith("n-");
        try {
            if (mainScope) {
                pulse.begin(thread);
                try (Activation activation = host.activate(request)) {
                    body(activation.devices(), refereed, overSubscribed, joins, share);
                    pulse.begin(thread);
                }
            } else {
                pulse.begin(thread);
                host.call(request, () -> {
                    body(host.attached(), refereed, overSubscribed, joins, share);
                    pulse.begin(thread);
                    return null;
                });
            }
        } catch (DevicesUnavailableException busy) {
            // others have them: that is what they are for
        }
        pulse.end(thread);
    }

    /** What is done in an environment; on return all that the referee knows of has been given back. */
    private void body(
            List<Integer> attached, boolean refereed, boolean overSubscribed, boolean joins, Optional<Integer> first)
            throws InterruptedException {
        pulse.end(thread);
        Optional<Integer> share = first;
        if (refereed) {
            devices.got(attached, amount(share));
        }
        for (int steps = random.nextInt(5); steps > 0; steps--) {
            pulse.begin(thread);
            try {
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> lock(joins, share);
                    case 3 -> attach(refereed, overSubscribed, share);
                    case 4 -> detach();
                    case 5 -> {
                        if (share.isPresent() && !joins) {
                            share = Optional.of(resize(refereed, share.get()));
                        }
                    }
                    case 6 -> host.snapshot();
                    default -> work(3_000);
                }
            } catch (DevicesUnavailableException busy) {
                // as above
            }
            pulse.end(thread);
        }
        if (refereed) {
            devices.givesAllBack();
        }
    }

    private void lock(boolean joins, Optional<Integer> share) throws InterruptedException {
        LockMode mode = random.nextBoolean() ? LockMode.EXCLUSIVE : LockMode.SHARE;
        Optional<DeviceLock> taken = switch (random.nextInt(3)) {
            case 0 -> host.tryLock(mode);
            case 1 -> host.tryLock(mode, wait(80));
            default -> Optional.of(host.lock(mode));
        };
        if (taken.isEmpty()) {
            return;
        }
        try (DeviceLock lock = taken.get()) {
            // what a shared lock of a joined environment takes may have been configured by somebody else just before
            boolean known = mode == LockMode.EXCLUSIVE || !joins;
            if (known) {
                locks.got(lock.devices(), mode == LockMode.EXCLUSIVE ? Ledger.CAPACITY : amount(share));
            }
            work(2_000);
            locks.givesAllBack();
        }
    }

    private void attach(boolean refereed, boolean overSubscribed, Optional<Integer> share) {
        DeviceRequest request = random.nextBoolean()
                ? DeviceRequest.index(random.nextInt(4))
                : DeviceRequest.gpus(1 + random.nextInt(4));
        request = request.waitUpTo(wait(50));
        List<Integer> attached = host.attach(overSubscribed ? request.overSubscribed() : request);
        if (refereed) {
            devices.got(attached, amount(share));
        }
    }

    private void detach() {
        List<Integer> attached = host.attached();
        if (!attached.isEmpty()) {
            int device = attached.get(random.nextInt(attached.size()));
            devices.givesBack(device);
            host.detach(device);
        }
    }

    private int resize(boolean refereed, int before) {
        int after = share();
        EnvConfig config = EnvConfig.builder()
                .gpus(1)
                .gpuMemory(MemorySize.ofBytes(after * 1_000_000L))
                .build();
        if (refereed && after < before) {
            devices.resized(after);
        }
        host.configure(config);
        if (refereed && after > before) {
            devices.resized(after);
        }
        return after;
    }

    private int share() {
        return SHARES.get(random.nextInt(SHARES.size()));
    }

    private static long amount(Optional<Integer> share) {
        return share.map(Integer::longValue).orElse(Ledger.CAPACITY);
    }

    private Duration wait(int milliseconds) {
        return random.nextInt(3) == 0 ? Duration.ZERO : Duration.ofMillis(random.nextInt(milliseconds));
    }

    /** Up to so many microseconds in which something is held. */
    private void work(int microseconds) {
        LockSupport.parkNanos(1_000L * random.nextInt(microseconds));
    }
}
