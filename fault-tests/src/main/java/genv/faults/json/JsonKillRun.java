// SPDX-License-Identifier: Apache-2.0
package genv.faults.json;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.Snapshot;
import genv.faults.Run;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Kills processes that use the files of Python Genv, at random, beside Python processes that use them as Genv does.
 *
 * <p>Each of {@value #SLOTS} slots has one {@link JsonWorker} after the other, which is killed after a random time, also while it
 * starts; some are stopped before, some end by themselves. Whoever is given a device or a lock claims it with a referee. The
 * Python processes parse both files whenever they have Genv's lock; this process takes snapshots, and has an environment that all
 * of them join, leave and lock. At the end everything must be free, and there must be no files but Genv's.
 */
public final class JsonKillRun {
    private static final int SLOTS = 3;
    private static final Duration MEAN_LIFE = Duration.ofMillis(200);
    private static final Duration HANG = Duration.ofSeconds(60);
    private static final int POOL_DEVICE = JsonWorker.DEVICES - 1;
    private static final Set<String> FILES = Set.of("envs.json", "devices.json", "genv.lock", "devices");

    private final Run run;
    private final Path state;
    private final Path claims;
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger stops = new AtomicInteger();
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private int snapshots;

    /** Prepares a run in its directory. */
    public JsonKillRun(Run run) {
        this.run = run;
        this.state = run.directory().resolve("state");
        this.claims = run.directory().resolve("claims");
    }

    /** Runs it; a summary, or an {@link AssertionError}. */
    public String call() throws IOException, InterruptedException {
        Files.createDirectory(state);
        Files.writeString(state.resolve("envs.json"), "{\n  \"envs\": []\n}");
        String python;
        try (GenvHost host = JsonWorker.open(state);
                Activation pool =
                        host.activate(ActivationRequest.of(EnvConfig.empty()).eid(JsonWorker.POOL))) {
            host.attach(DeviceRequest.index(POOL_DEVICE));
            try (Neighbours neighbours = Neighbours.start(run.directory(), state, claims)) {
                killAll(host, neighbours);
                python = neighbours.finish();
            }
            require(pool.devices().equals(List.of(POOL_DEVICE)), "the pool has lost its device: " + pool);
        }
        checkEnd();
        return "kills=" + kills + " stops=" + stops + " ended_by_themselves=" + ends + " snapshots_checked=" + snapshots
                + " " + python;
    }

    private void killAll(GenvHost host, Neighbours neighbours) throws IOException, InterruptedException {
        CountDownLatch slots = new CountDownLatch(SLOTS);
        for (int i = 0; i < SLOTS; i++) {
            int slot = i;
            Thread.ofPlatform().name("slot-" + slot).start(() -> {
                try {
                    occupy(slot);
                } catch (Throwable thrown) {
                    failure.compareAndSet(null, thrown);
                } finally {
                    slots.countDown();
                }
            });
        }
        try {
            while (slots.getCount() > 0) {
                check(host.snapshot());
                neighbours.check();
                LockSupport.parkNanos(5_000_000);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
        slots.await();
        Throwable failed = failure.get();
        if (failed != null) {
            throw new AssertionError(
                    "after kills=" + kills + " seed=" + run.seed() + ": " + failed.getMessage(), failed);
        }
    }

    private void occupy(int slot) {
        Random random = new Random(run.seedOf(slot));
        while (failure.get() == null && kills.get() < run.count()) {
            live(slot, random);
            run.progress().update(() -> "kills " + kills + "/" + run.count() + ", snapshots checked " + snapshots);
        }
    }

    private void live(int slot, Random random) {
        int fate = random.nextInt(100);
        long life = (long) (-Math.log(1 - random.nextDouble()) * MEAN_LIFE.toNanos());
        try (ChildJvm child = ChildJvm.of(JsonWorker.class)
                .name("slot-" + slot)
                .arguments(state.toString(), claims.toString(), Long.toString(random.nextLong()))
                .deadline(HANG)
                .start()) {
            if (fate >= 15) { // the others die while they start
                child.expect("ready");
            }
            LockSupport.parkNanos(life);
            if (fate >= 90) { // one that hangs does not end in time
                child.tell("stop");
                child.expect("left");
                child.awaitExit();
                ends.incrementAndGet();
                return;
            }
            if (fate >= 80) {
                child.stop();
                stops.incrementAndGet();
                LockSupport.parkNanos(2 * life);
            }
            child.kill();
            kills.incrementAndGet();
        }
    }

    private void check(Snapshot snapshot) {
        Set<String> eids = new HashSet<>();
        snapshot.envs().forEach(env -> require(eids.add(env.eid()), "an environment is there twice: " + snapshot));
        require(eids.contains(JsonWorker.POOL), "the pool has ended: " + snapshot);
        for (DeviceInfo device : snapshot.devices()) {
            require(device.attachments().size() <= 1, "a whole device is not one environment's alone: " + snapshot);
            require(
                    device.attachments().stream().allMatch(one -> eids.contains(one.eid())),
                    "an attachment belongs to no environment: " + snapshot);
            require(device.lockHolders().size() <= 1, "an exclusive lock is not alone: " + snapshot);
        }
        snapshots++;
    }

    /** Everybody is gone: all must be there to be had, and nothing may be left. */
    private void checkEnd() throws IOException {
        try (GenvHost fresh = JsonWorker.open(state)) {
            require(fresh.snapshot().envs().isEmpty(), "something is left although everybody is gone");
            try (Activation all =
                    fresh.activate(EnvConfig.builder().gpus(JsonWorker.DEVICES).build())) {
                require(all.devices().size() == JsonWorker.DEVICES, "not all devices could be had: " + all.devices());
            }
        }
        try (Stream<Path> files = Files.list(state)) {
            Set<String> names =
                    files.map(file -> String.valueOf(file.getFileName())).collect(Collectors.toSet());
            require(names.equals(FILES), "files are left: " + names);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
