// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.GenvException;
import genv.api.Lease;
import genv.api.LeaseListener;
import genv.core.model.EnvBlock;
import genv.core.os.BootClock;
import genv.core.state.CrashPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Announces the end of the leases of the environments that this process is in, and takes the devices back when they are over.
 *
 * <p>One daemon thread does so, while there is a lease that runs. It is not what makes a lease end: whoever needs the devices
 * takes them back by the clock, whether or not this process runs. It looks at its environments anew at every step and at
 * least every ten seconds, since other processes may renew a lease, and a host may have been suspended.
 */
final class LeaseWatch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("genv.core.host");

    private static final long LONGEST_SLEEP_MILLIS = 10_000;

    private final long noticeMillis;
    private final Consumer<EnvSession> devicesLost;
    private final Map<EnvSession, Watched> watched = new ConcurrentHashMap<>();
    private @Nullable Thread thread;
    private boolean closed;
    private volatile boolean isTelling;

    /** {@code devicesLost}: makes the variables of the process follow. */
    LeaseWatch(Duration notice, Consumer<EnvSession> devicesLost) {
        this.noticeMillis = notice.toSeconds() > Integer.MAX_VALUE ? Long.MAX_VALUE : notice.toMillis();
        this.devicesLost = devicesLost;
    }

    /** What is known of the lease of one environment. Touched by the thread of this watch alone, unless something else is said. */
    private static final class Watched {
        final EnvSession session;
        final Optional<LeaseListener> listener;
        /** Whether a lease has run whose end was not told yet. Set by whoever begins one. */
        volatile boolean isOwed;
        /** The end for which the rest was worked out; 0 for none. */
        long end;

        long announceAt;
        boolean isAnnounced;
        List<Integer> devices = List.of();

        Watched(EnvSession session, Optional<LeaseListener> listener) {
            this.session = session;
            this.listener = listener;
        }
    }

    /** Says that this process has entered an environment. */
    void enter(EnvSession session, EnvBlock block, Optional<LeaseListener> listener) {
        if (listener.isPresent() || block.lease().hasEnd()) {
            watched.put(session, new Watched(session, listener));
            changed(session, block);
        }
    }

    /** Says that a lease may have begun, or have another end. */
    void changed(EnvSession session, EnvBlock block) {
        if (!LeaseEnds.isRunning(block)) {
            return;
        }
        watched.computeIfAbsent(session, key -> new Watched(key, Optional.empty())).isOwed = true;
        synchronized (this) {
            if (closed) {
                return;
            }
            if (thread == null) {
                Thread started = new Thread(this::run, "genv-leases");
                started.setDaemon(true);
                started.start();
                thread = started;
            } else {
                LockSupport.unpark(thread);
            }
        }
    }

    /** Says that this process leaves an environment. */
    void leave(EnvSession session) {
        watched.remove(session);
    }

    private void run() {
        while (true) {
            long sleep = LONGEST_SLEEP_MILLIS;
            boolean isAnyRunning = false;
            for (Watched one : watched.values()) {
                long left = lookQuietly(one);
                isAnyRunning |= left >= 0;
                sleep = left >= 0 ? Math.min(sleep, left) : sleep;
            }
            synchronized (this) {
                if (closed || (!isAnyRunning && noneBegan())) {
                    thread = null;
                    return;
                }
            }
            LockSupport.parkNanos(this, Math.max(sleep, 1) * 1_000_000);
        }
    }

    /** Whether no lease has begun since its environment was looked at: then the next one starts another thread. */
    private boolean noneBegan() {
        try {
            return watched.keySet().stream().noneMatch(session -> {
                EnvBlock block = session.view().block();
                return block != null && LeaseEnds.isRunning(block);
            });
        } catch (GenvException | IllegalStateException unreadable) {
            return true;
        }
    }

    private long lookQuietly(Watched one) {
        try {
            return look(one);
        } catch (RuntimeException failure) {
            // the state cannot be used, or the host is being closed: whoever works with it is told
            log(System.Logger.Level.DEBUG, "a lease could not be looked at: eid=" + one.session.eid(), failure);
            return -1;
        }
    }

    /** A logger that the application brought may throw: this thread serves other leases too, and goes on. */
    private static void log(System.Logger.Level level, String message, @Nullable Throwable thrown) {
        try {
            LOG.log(level, message, thrown);
        } catch (RuntimeException failing) {
            // nobody can be told
        }
    }

    /** Does what is due; milliseconds until there is something to do, or -1 where no lease runs. */
    private long look(Watched one) {
        EnvBlock block = one.session.view().block();
        if (block == null) {
            watched.remove(one.session);
            return -1;
        }
        long now = BootClock.millis();
        if (block.lease().hasEnd() && now >= block.lease().end()) {
            if (one.isOwed || !block.devices().isEmpty()) {
                end(one, block);
            }
            return -1;
        }
        if (!LeaseEnds.isRunning(block)) {
            one.isOwed = false; // all was detached
            return -1;
        }
        one.isOwed = true;
        one.devices = block.devices().toList();
        long end = block.lease().end();
        if (one.end != end) {
            one.end = end;
            one.isAnnounced = false;
            one.announceAt = Math.max(end - Math.min(noticeMillis, end), now + (end - now) / 2);
        }
        if (!one.isAnnounced && now >= one.announceAt) {
            one.isAnnounced = true;
            CrashPoint.ANNOUNCING.reach();
            announce(one, block, now);
        }
        return (one.isAnnounced ? end : one.announceAt) - now;
    }

    private void announce(Watched one, EnvBlock block, long now) {
        log(
                System.Logger.Level.WARNING,
                "the lease of an environment is about to end, then its devices are taken back: eid=" + block.eid()
                        + " devices=" + one.devices + " left=" + Duration.ofMillis(one.end - now)
                        + "; renew it, or finish",
                null);
        tell(one, listener -> listener.leaseEnds(new Notice(one.session, one.devices, LeaseEnds.instant(block))));
    }

    private void end(Watched one, EnvBlock last) {
        long end = last.lease().end();
        List<Integer> devices =
                last.devices().isEmpty() ? one.devices : last.devices().toList();
        EnvBlock block = one.session.store().expire(one.session.key());
        if (block != null && block.lease().end() != end) {
            return; // it was renewed, or another one began, just in time
        }
        one.isOwed = false;
        try {
            devicesLost.accept(one.session);
        } catch (RuntimeException failure) { // its owner is to be told in any case
            log(
                    System.Logger.Level.WARNING,
                    "the variables of an environment could not follow: eid=" + last.eid(),
                    failure);
        }
        log(
                System.Logger.Level.WARNING,
                "the lease of an environment has run out, its devices and locks were taken back: eid=" + last.eid()
                        + " devices=" + devices + "; attach devices again, or leave the environment",
                null);
        tell(one, listener -> listener.leaseEnded(new Notice(one.session, devices, LeaseEnds.instant(last))));
    }

    private void tell(Watched one, Consumer<LeaseListener> what) {
        if (one.listener.isEmpty()) {
            return;
        }
        isTelling = true;
        try {
            what.accept(one.listener.get());
        } catch (Throwable fault) { // errors too: the thread that tells is what ends the other leases
            log(System.Logger.Level.WARNING, "a lease listener threw: eid=" + one.session.eid(), fault);
        } finally {
            isTelling = false;
        }
    }

    /** Lets a lease last so long from now on. */
    Instant renew(EnvSession session, Duration duration) {
        EnvBlock block = session.store().renew(session.key(), LeaseEnds.millis(duration));
        changed(session, block);
        return LeaseEnds.instant(block);
    }

    /** What a listener is told. */
    private final class Notice implements Lease {
        private final EnvSession session;
        private final List<Integer> devices;
        private final Instant end;

        Notice(EnvSession session, List<Integer> devices, Instant end) {
            this.session = session;
            this.devices = devices;
            this.end = end;
        }

        @Override
        public String eid() {
            return session.eid();
        }

        @Override
        public List<Integer> devices() {
            return devices;
        }

        @Override
        public Instant end() {
            return end;
        }

        @Override
        public Instant renew(Duration duration) {
            return LeaseWatch.this.renew(session, duration);
        }

        @Override
        public String toString() {
            return "Lease[eid=" + eid() + ", devices=" + devices + ", end=" + end + "]";
        }
    }

    /** Ends the thread, and waits until it has left the state; not for a listener, which may be what closes the host. */
    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            closed = true;
            running = thread;
        }
        boolean interrupted = false;
        while (running != null && running.isAlive() && !isTelling) {
            LockSupport.unpark(running);
            try {
                running.join(10);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
