// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.Lease;
import genv.api.LeaseListener;
import genv.core.events.FlightEvents;
import genv.core.model.EnvBlock;
import genv.core.os.BootClock;
import genv.core.rules.LeaseRules;
import genv.core.state.CrashPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Announces the end of the leases of the environments that this process is in, and takes the devices back when they are over.
 *
 * <p>One daemon thread does so, while this process is in an environment for which it has a listener or has asked for a lease, or
 * in which a lease runs that it knows of. It is not what makes a lease end: whoever needs the devices takes them back by the
 * clock, whether or not this process runs. It is told at once what this process does, and looks for what others have done, who
 * may attach devices, renew or detach, every second: that is a read of the root word as long as nothing has changed. Listeners
 * are called on {@linkplain ListenerCalls another} thread, so that none of them keeps this one.
 */
final class LeaseWatch implements AutoCloseable {
    /** How often is looked for what other processes have done. */
    private static final long INTERVAL_MILLIS = 1_000;

    private final long noticeMillis;
    private final Consumer<EnvSession> devicesLost;
    private final Map<EnvSession, Watched> watched = new ConcurrentHashMap<>();
    private final ListenerCalls calls = new ListenerCalls();
    private @Nullable Thread thread;
    private boolean closed;

    /** {@code devicesLost}: makes the variables and the locks of the process follow. */
    LeaseWatch(Duration notice, Consumer<EnvSession> devicesLost) {
        this.noticeMillis = notice.toSeconds() > Integer.MAX_VALUE ? Long.MAX_VALUE : notice.toMillis();
        this.devicesLost = devicesLost;
    }

    /** An environment that this process is in. */
    private static final class Watched {
        final EnvSession session;
        final Optional<LeaseListener> listener;
        /** Whether it is watched also while no lease runs, since another process may begin one. */
        final boolean isKept;
        /** Touched by the thread of the watch alone. */
        final WatchedLease lease;
        /** The lease that runs, for other threads. */
        volatile WatchedLease.@Nullable Run running;
        /** What this process has made of the environment, in order: so none of its leases is missed, however short. */
        final Queue<EnvBlock> made = new ConcurrentLinkedQueue<>();

        Watched(EnvSession session, Optional<LeaseListener> listener, boolean isKept, WatchedLease lease) {
            this.session = session;
            this.listener = listener;
            this.isKept = isKept;
            this.lease = lease;
        }

        /** Whether a lease is still to end as it was announced: when its listener can be called it may be renewed, or over. */
        boolean isStillToEnd(WatchedLease.Run announced) {
            WatchedLease.Run now = running;
            return now != null
                    && now.begin() == announced.begin()
                    && now.end() == announced.end()
                    && BootClock.millis() < now.end();
        }
    }

    /** Says that this process has entered an environment, which then was so. */
    void enter(EnvSession session, EnvBlock block, Optional<LeaseListener> listener) {
        boolean isKept = listener.isPresent() || block.lease().asked() > 0;
        if (isKept || block.lease().hasEnd()) {
            WatchedLease lease = new WatchedLease(noticeMillis);
            lease.enter(block);
            Watched entered = new Watched(session, listener, isKept, lease);
            entered.made.add(block);
            watched.put(session, entered);
            wake();
        }
    }

    /** Says what this process has made of an environment: a lease may have begun, or have another end. */
    void changed(EnvSession session, EnvBlock block) {
        if (!LeaseEnds.isRunning(block) && !watched.containsKey(session)) {
            return;
        }
        boolean isWatched = watched.compute(session, (key, known) -> {
                    Watched one = known;
                    if (one == null && LeaseEnds.isRunning(block)) {
                        one = new Watched(key, Optional.empty(), false, new WatchedLease(noticeMillis));
                    }
                    if (one != null) {
                        one.made.add(block);
                    }
                    return one;
                })
                != null;
        if (isWatched) {
            wake();
        }
    }

    private synchronized void wake() {
        if (closed) {
            return;
        }
        if (thread != null && thread.isAlive()) {
            LockSupport.unpark(thread);
            return;
        }
        Thread started = new Thread(this::run, "genv-leases");
        started.setDaemon(true);
        try {
            started.start();
            thread = started;
        } catch (OutOfMemoryError noThread) { // what was asked for was done; leases end without this thread too
            log(System.Logger.Level.WARNING, "there is no thread to announce the ends of leases", noThread);
        }
    }

    /** Says that this process leaves an environment. */
    void leave(EnvSession session) {
        watched.remove(session);
    }

    private void run() {
        while (true) {
            long sleep = INTERVAL_MILLIS;
            for (Watched one : watched.values()) {
                sleep = Math.min(sleep, lookQuietly(one));
            }
            calls.ensureThread();
            synchronized (this) {
                if (closed || watched.isEmpty()) {
                    thread = null;
                    return;
                }
            }
            Thread.interrupted(); // a logger may have left it set, and then nothing sleeps
            LockSupport.parkNanos(this, Math.max(sleep, 1) * 1_000_000);
        }
    }

    private long lookQuietly(Watched one) {
        try {
            return look(one);
        } catch (Throwable failure) { // errors too: this thread serves the other leases, and the next look may succeed
            // the state cannot be used, or the host is being closed: whoever works with it is told
            log(System.Logger.Level.DEBUG, "a lease could not be looked at: eid=" + one.session.eid(), failure);
            return INTERVAL_MILLIS;
        }
    }

    /** A logger that the application brought may throw, errors too: the thread that logs serves other leases, and goes on. */
    static void log(System.Logger.Level level, String message, @Nullable Throwable thrown) {
        try {
            System.getLogger("genv.core.host").log(level, message, thrown);
        } catch (Throwable failing) {
            // nobody can be told
        }
    }

    /** Does what is due; milliseconds until it is to be looked at again. */
    private long look(Watched one) {
        for (EnvBlock made = one.made.poll(); made != null; made = one.made.poll()) {
            observe(one, made);
        }
        EnvBlock block = one.session.blockInState();
        if (block != null && LeaseRules.isOver(block, BootClock::millis)) {
            observe(one, block); // whose devices are lost
            block = one.session.store().expire(one.session.key());
        }
        if (block == null) {
            watched.remove(one.session);
            return INTERVAL_MILLIS;
        }
        observe(one, block);
        WatchedLease.Run run = one.lease.running();
        if (run == null) {
            // what was made meanwhile is still to be looked at
            watched.computeIfPresent(one.session, (key, known) -> known.isKept || !known.made.isEmpty() ? known : null);
            return one.made.isEmpty() ? INTERVAL_MILLIS : 0;
        }
        long now = BootClock.millis();
        if (one.lease.isToBeAnnounced(now)) {
            CrashPoint.ANNOUNCING.reach();
            announce(one, run, now);
        }
        return one.lease.next() - BootClock.millis();
    }

    private void observe(Watched one, EnvBlock block) {
        List<WatchedLease.Run> over = one.lease.observe(block, BootClock.millis());
        one.running = one.lease.running();
        over.forEach(run -> end(one, run));
    }

    private void announce(Watched one, WatchedLease.Run run, long now) {
        String eid = one.session.eid();
        log(
                System.Logger.Level.WARNING,
                "the lease of an environment is about to end, then its devices are taken back: eid=" + eid
                        + " devices=" + run.devices() + " left=" + Duration.ofMillis(run.end() - now)
                        + "; renew it, or finish",
                null);
        quietly(
                () -> FlightEvents.leaseNotice(eid, run.devices(), run.end() - now),
                "the notice of a lease could not be recorded: eid=" + eid);
        tell(one, () -> one.isStillToEnd(run), listener -> listener.leaseEnds(notice(one, run)));
    }

    private void end(Watched one, WatchedLease.Run run) {
        String eid = one.session.eid();
        quietly(
                () -> devicesLost.accept(one.session),
                "the variables and locks of an environment could not follow the end of its lease: eid=" + eid);
        log(
                System.Logger.Level.WARNING,
                "the lease of an environment has run out, its devices and locks were taken back: eid=" + eid
                        + " devices=" + run.devices() + "; attach devices again, or leave the environment",
                null);
        quietly(
                () -> FlightEvents.leaseEnd(eid, run.devices()),
                "the end of a lease could not be recorded: eid=" + eid);
        tell(one, () -> true, listener -> listener.leaseEnded(notice(one, run)));
    }

    /** Does what others are not to suffer from: whatever comes of it, listeners are told. */
    private static void quietly(Runnable step, String failed) {
        try {
            step.run();
        } catch (Throwable failure) {
            log(System.Logger.Level.WARNING, failed, failure);
        }
    }

    private Notice notice(Watched one, WatchedLease.Run run) {
        return new Notice(one.session, run.devices(), LeaseEnds.instantOf(run.end()));
    }

    /** Has the listener of an environment called, if that is still right when its turn comes. */
    private void tell(Watched one, BooleanSupplier isRight, Consumer<LeaseListener> what) {
        one.listener.ifPresent(listener -> calls.add(() -> {
            try {
                if (watched.get(one.session) == one && isRight.getAsBoolean()) {
                    what.accept(listener);
                }
            } catch (Throwable fault) { // errors too: others are to be told
                log(System.Logger.Level.WARNING, "a lease listener threw: eid=" + one.session.eid(), fault);
            }
        }));
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

    /** Ends the thread, and waits until it has left the state. It does not wait for a listener, which may be what closes the host. */
    @Override
    public void close() {
        calls.close();
        Thread running;
        synchronized (this) {
            closed = true;
            running = thread;
        }
        if (Thread.currentThread().equals(running)) {
            return; // a logger closes the host
        }
        boolean interrupted = false;
        while (running != null && running.isAlive()) {
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
