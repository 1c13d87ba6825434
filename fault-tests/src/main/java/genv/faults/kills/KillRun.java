// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.Snapshot;
import genv.core.os.BootClock;
import genv.faults.Run;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.Referee;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Kills processes that use one state directory, at random, and has others watch that nothing breaks.
 *
 * <p>Each of {@value #PROCESSES} slots has one {@link Worker} after the other: it starts one, lets it work for a random time
 * (sometimes none: then it dies while it opens the directory) and kills it by SIGKILL. A few are stopped for a while before
 * that; a few end by themselves. Meanwhile two referees, outside of genv's state, are told of every grant, an observer checks
 * every snapshot, the owner of the directory changes the limits, and the slots watch how long each operation takes: one that does not end fails the run, and its process is
 * not killed until it has.
 */
public final class KillRun {
    private static final int PROCESSES = 8;
    private static final int THREADS = PROCESSES * Worker.THREADS;
    private static final int ENOUGH_FOR_EVERYTHING = 500;
    private static final Duration MEAN_LIFE = Duration.ofMillis(400);
    private static final Duration SUSPICIOUS = Duration.ofSeconds(3);
    private static final Duration HANG = Duration.ofSeconds(60);

    private final Run run;
    private final Path state;
    private final Path deviceFile;
    private final Path lockFile;
    private final Path pulseFile;
    private final Pulse pulse;
    private final List<String> jvmOptions;
    private final Referee devices;
    private final Referee locks;
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger stops = new AtomicInteger();
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicInteger children = new AtomicInteger();
    private final AtomicLong snapshots = new AtomicLong();
    private final AtomicInteger limitChanges = new AtomicInteger();
    private final ChangingLimits limits;
    private final Set<Long> dead = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean finished;

    private KillRun(Run run, Path state, Pulse pulse, Path pulseFile) {
        this.run = run;
        this.state = state;
        this.pulse = pulse;
        this.pulseFile = pulseFile;
        this.deviceFile = run.directory().resolve("devices.referee");
        this.lockFile = run.directory().resolve("locks.referee");
        this.limits = new ChangingLimits(state, run.seedOf(-2));
        this.jvmOptions = Rehearsal.archive(run.directory());
        int holders = Math.min((run.count() * 2 + 10 * PROCESSES) * Worker.THREADS, 1_000_000);
        this.devices = Referee.create(deviceFile, Worker.DEVICES, Ledger.CAPACITY, holders, BootClock::millis);
        this.locks = Referee.create(lockFile, Worker.DEVICES, Ledger.CAPACITY, holders, BootClock::millis);
    }

    /** Prepares a run in its directory. */
    public static KillRun of(Run run) throws IOException {
        Path pulse = run.directory().resolve("pulse");
        return new KillRun(run, run.directory().resolve("state"), Pulse.open(pulse, THREADS), pulse);
    }

    /** Runs it; a summary, or an {@link AssertionError}. */
    public String call() throws InterruptedException, IOException {
        GenvHost.open(Worker.options(state)).close(); // makes the directory
        limits.change();
        CountDownLatch slots = new CountDownLatch(PROCESSES);
        for (int slot = 0; slot < PROCESSES; slot++) {
            int number = slot;
            Thread.ofPlatform().name("slot-" + slot).start(() -> {
                guarded(() -> occupy(number));
                slots.countDown();
            });
        }
        Thread observer = Thread.ofPlatform().name("observer").start(() -> guarded(this::observe));
        Thread owner = Thread.ofPlatform().name("owner").start(() -> guarded(this::changeLimits));
        slots.await();
        finished = true;
        observer.join();
        owner.join();
        limits.remove();
        Throwable failed = failure.get();
        if (failed != null) {
            throw new AssertionError(
                    "after kills=" + kills + " seed=" + run.seed() + ": " + failed.getMessage(), failed);
        }
        devices.verify();
        locks.verify();
        if (pulse.ended() < kills.get() / 2 || snapshots.get() == 0) {
            throw new AssertionError("hardly anything was tried: operations=" + pulse.ended() + " kills=" + kills
                    + " snapshots_checked=" + snapshots);
        }
        String left = checkEnd();
        devices.close();
        locks.close();
        return "kills=" + kills + " stops=" + stops + " ended_by_themselves=" + ends + " operations=" + pulse.ended()
                + " snapshots_checked=" + snapshots + " limits_changed=" + limitChanges + events() + " " + left;
    }

    /** What came to pass; a long run in which something did not has not tried it, and fails. */
    private String events() {
        StringBuilder text = new StringBuilder();
        for (Pulse.Event event : Pulse.Event.values()) {
            long count = pulse.counted(event);
            text.append(' ')
                    .append(event.name().toLowerCase(Locale.ROOT))
                    .append('=')
                    .append(count);
            if (count == 0 && run.count() >= ENOUGH_FOR_EVERYTHING) {
                throw new AssertionError("did not come to pass: " + event);
            }
        }
        return text.toString();
    }

    private interface Part {
        void run() throws Exception;
    }

    private void guarded(Part part) {
        try {
            part.run();
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    private boolean goesOn() {
        return failure.get() == null;
    }

    // ---- one process after the other -------------------------------------------------------------------------------

    private void occupy(int slot) {
        Random random = new Random(run.seedOf(slot));
        while (goesOn() && kills.get() < run.count()) {
            live(slot, random);
            run.progress()
                    .update(() -> "kills " + kills + "/" + run.count() + ", operations " + pulse.ended()
                            + ", snapshots checked " + snapshots);
        }
    }

    private void live(int slot, Random random) {
        int holder = 1 + children.getAndIncrement() * Worker.THREADS;
        String seed = Long.toString(random.nextLong());
        int fate = random.nextInt(100);
        long life = (long) (-Math.log(1 - random.nextDouble()) * MEAN_LIFE.toNanos());
        try (ChildJvm child = ChildJvm.of(Worker.class)
                .name("slot-" + slot + "-holder-" + holder)
                .arguments(state.toString(), deviceFile.toString(), lockFile.toString(), pulseFile.toString())
                .arguments(Integer.toString(THREADS), Integer.toString(slot), Integer.toString(holder), seed)
                .jvmOptions(jvmOptions.toArray(String[]::new))
                .deadline(HANG)
                .start()) {
            long pid = child.pid();
            dead.remove(pid);
            if (fate >= 15) { // the others die while they start
                long before = ended(slot);
                child.expect("ready");
                awaitOperation(child, slot, before); // on a busy machine it would be killed before it has done anything
            }
            LockSupport.parkNanos(life);
            if (fate < 19 && fate >= 15) {
                child.tell("stop");
                child.expect("left");
                child.awaitExit();
                ends.incrementAndGet();
            } else {
                if (fate >= 95) {
                    child.stop();
                    stops.incrementAndGet();
                    LockSupport.parkNanos(2 * life);
                    if (fate >= 97) {
                        child.resume();
                        LockSupport.parkNanos(life);
                    }
                } else {
                    awaitNoHang(child, slot);
                }
                kill(child, holder);
            }
            dead.add(pid);
            for (int i = 0; i < Worker.THREADS; i++) {
                pulse.forget(slot * Worker.THREADS + i);
            }
        }
    }

    private long ended(int slot) {
        long sum = 0;
        for (int i = 0; i < Worker.THREADS; i++) {
            sum += pulse.ended(slot * Worker.THREADS + i);
        }
        return sum;
    }

    private void awaitOperation(ChildJvm child, int slot, long before) {
        long start = System.nanoTime();
        while (ended(slot) == before && child.isAlive() && goesOn()) {
            if (System.nanoTime() - start > HANG.toNanos()) {
                throw new AssertionError(
                        "no operation ends: slot=" + slot + " limit=" + HANG + "\n" + child.threadDump());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void kill(ChildJvm child, int holder) {
        for (int i = 0; i < Worker.THREADS; i++) {
            devices.dooming(holder + i);
            locks.dooming(holder + i);
        }
        child.kill();
        for (int i = 0; i < Worker.THREADS; i++) {
            devices.died(holder + i);
            locks.died(holder + i);
        }
        kills.incrementAndGet();
    }

    /** A process whose operation takes long is left alive until it is over, or until that is called a hang. */
    private void awaitNoHang(ChildJvm child, int slot) {
        for (int i = 0; i < Worker.THREADS; i++) {
            int thread = slot * Worker.THREADS + i;
            while (pulse.age(thread) > SUSPICIOUS.toNanos() && child.isAlive() && goesOn()) {
                if (pulse.age(thread) > HANG.toNanos()) {
                    try (GenvHost host = GenvHost.open(Worker.options(state))) {
                        throw new AssertionError("an operation does not end: thread=program-" + thread + " limit="
                                + HANG + "\n" + host.snapshot() + "\n" + child.threadDump());
                    }
                }
                LockSupport.parkNanos(10_000_000);
            }
        }
    }

    // ---- what must be true -----------------------------------------------------------------------------------------

    private void observe() {
        try (GenvHost host = GenvHost.open(Worker.options(state))) {
            while (!finished && goesOn()) {
                Set<Long> before = Set.copyOf(dead);
                Snapshot snapshot = host.snapshot();
                before = Set.copyOf(before.stream().filter(dead::contains).toList());
                Invariants.check(snapshot, before, ChangingLimits.MOST_USER_DEVICES, ChangingLimits.MOST_USER_MEMORY);
                snapshots.incrementAndGet();
                if (!devices.violations().isEmpty() || !locks.violations().isEmpty()) {
                    devices.verify();
                    locks.verify();
                }
                LockSupport.parkNanos(5_000_000);
            }
        }
    }

    private void changeLimits() throws IOException {
        Random random = new Random(run.seedOf(-1));
        while (!finished && goesOn()) {
            LockSupport.parkNanos(random.nextInt(400_000_000));
            limits.change();
            limitChanges.incrementAndGet();
        }
    }

    /** Everybody is gone: nothing may be left, and everything must be there to be had. */
    private String checkEnd() throws IOException {
        try (GenvHost fresh = GenvHost.open(Worker.options(state))) {
            Invariants.checkEmpty(fresh.snapshot());
            try (Activation all =
                    fresh.activate(EnvConfig.builder().gpus(Worker.DEVICES).build())) {
                if (all.devices().size() != Worker.DEVICES) {
                    throw new AssertionError("not all devices could be had at the end: " + all.devices());
                }
            }
        }
        Leftovers left = Leftovers.in(state);
        return "left_to_be_swept=" + (left.owned() + left.unreferenced());
    }
}
