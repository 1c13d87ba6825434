// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.LeaseExpiredException;
import genv.api.LockMode;
import genv.api.MemorySize;
import genv.api.NotActiveException;
import genv.core.os.BootClock;
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
 * attached to, and of every lock of which this thread knows the share; and until when, where there is a lease. Others ask for
 * leases, which are renewed or run out; what limits there are, and whether they demand a lease, changes all the time.
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
        if (!joins && random.nextInt(3) == 0) {
            request = request.lease(lease());
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
            refused(busy); // others have them: that is what they are for
        }
        pulse.end(thread);
    }

    private void refused(DevicesUnavailableException busy) {
        if (String.valueOf(busy.getMessage()).contains("limits.json")) {
            pulse.count(thread, Pulse.Event.REFUSED_BY_LIMITS);
        }
    }

    /** What is done in an environment; on return all that the referee knows of has been given back. */
    private void body(
            List<Integer> attached, boolean refereed, boolean overSubscribed, boolean joins, Optional<Integer> first)
            throws InterruptedException {
        pulse.end(thread);
        Optional<Integer> share = first;
        if (refereed) {
            devices.holds(attached, amount(share), LeaseEnd.of(host));
        }
        for (int steps = random.nextInt(5); steps > 0; steps--) {
            pulse.begin(thread);
            try {
                switch (random.nextInt(9)) {
                    case 0, 1, 2 -> lock(joins, share);
                    case 3 -> attach(refereed, overSubscribed, share);
                    case 4 -> {
                        if (!joins) { // it would release locks that other members have, of which these tell the referee
                            detach();
                        }
                    }
                    case 5 -> {
                        if (share.isPresent() && !joins) {
                            share = Optional.of(resize(refereed, share.get()));
                        }
                    }
                    case 6 -> host.snapshot();
                    case 7 -> {
                        if (!joins) { // what others have locked may end earlier than they know
                            renew(refereed, share);
                        }
                    }
                    default -> work(3_000);
                }
            } catch (DevicesUnavailableException busy) {
                refused(busy);
            } catch (LeaseExpiredException over) {
                pulse.count(thread, Pulse.Event.LEASE_OVER);
            }
            pulse.end(thread);
        }
        if (refereed) {
            if (devices.isOver(BootClock.millis())) {
                pulse.count(thread, Pulse.Event.LEASE_OVER);
            }
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
                long amount = mode == LockMode.EXCLUSIVE ? Ledger.CAPACITY : amount(share);
                locks.holds(lock.devices(), amount, joins ? endOfJoined() : LeaseEnd.of(host));
            }
            work(2_000);
            locks.givesAllBack();
        }
    }

    /**
     * Until when a lock in a joined environment is surely held. Other members may attach devices at any time, by which a lease
     * begins that limits demand, or another one after the one under which the lock was taken.
     */
    private long endOfJoined() {
        long before = BootClock.millis();
        return LeaseEnd.of(host) == Referee.NO_END ? before + ChangingLimits.SHORTEST_FORCED_LEASE : LeaseEnd.OVER;
    }

    private void renew(boolean refereed, Optional<Integer> share) {
        Duration duration = lease();
        if (refereed) {
            devices.mayEndAt(BootClock.millis() + duration.toMillis());
        }
        try {
            host.renewLease(duration);
            pulse.count(thread, Pulse.Event.LEASE_RENEWED);
        } catch (NotActiveException none) {
            // all was detached, or there never was one
        } catch (LeaseExpiredException over) {
            throw over;
        } catch (GenvException refused) {
            if (!String.valueOf(refused.getMessage()).startsWith("the lease would last longer")) {
                throw refused;
            }
        }
        if (refereed) {
            devices.holds(host.attached(), amount(share), LeaseEnd.of(host));
        }
    }

    private void attach(boolean refereed, boolean overSubscribed, Optional<Integer> share) {
        DeviceRequest request = random.nextBoolean()
                ? DeviceRequest.index(random.nextInt(4))
                : DeviceRequest.gpus(1 + random.nextInt(4));
        request = request.waitUpTo(wait(50));
        List<Integer> attached = host.attach(overSubscribed ? request.overSubscribed() : request);
        if (refereed) {
            devices.holds(attached, amount(share), LeaseEnd.of(host));
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

    private Duration lease() {
        return Duration.ofMillis(1 + random.nextInt(60));
    }

    /** Up to so many microseconds in which something is held. */
    private void work(int microseconds) {
        LockSupport.parkNanos(1_000L * random.nextInt(microseconds));
    }
}
