// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.InterruptedWaitException;
import genv.api.Snapshot;
import genv.core.layout.FileLayout;
import genv.core.live.LifeLocks;
import genv.testkit.SimulatedBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/**
 * A state directory with a known state, in which damage is tried out.
 *
 * <p>The state: four devices of 16 GB. {@code whole} has device 0 alone; {@code share} has 10 GB of device 1; {@code first} and
 * {@code second} over-subscribe device 2, and {@code first} holds its lock; {@code queued} waits for device 0; device 3 is
 * free. All of their processes live: their seats are held here for the whole time.
 */
final class Bench implements AutoCloseable {
    private static final Set<String> ENVS = Set.of("whole", "share", "first", "second");
    private static final int DEVICES = 4;
    private static final int FREE = 3;

    private final Path directory;
    private final Path file;
    private final StateImage image;
    private final LifeLocks seats;
    private int bareErrors;

    private Bench(Path directory, StateImage image, LifeLocks seats) {
        this.directory = directory;
        this.file = directory.resolve("genv.state");
        this.image = image;
        this.seats = seats;
    }

    /** Makes the directory and its state. */
    static Bench in(Path directory) throws IOException {
        StateImage image;
        List<GenvHost> hosts = new ArrayList<>();
        try {
            for (int i = 0; i < 5; i++) {
                hosts.add(open(directory));
            }
            hosts.get(0).activate(request("whole", 1));
            hosts.get(1)
                    .activate(ActivationRequest.of(
                                    EnvConfig.builder().gpus(1).gpuMemory("10g").build())
                            .eid("share"));
            for (int i = 2; i < 4; i++) {
                hosts.get(i).activate(request(i == 2 ? "first" : "second", 0));
                hosts.get(i).attach(DeviceRequest.index(2).overSubscribed());
            }
            hosts.get(2).lock();
            Thread waiter = Thread.ofPlatform().start(() -> waitForEver(hosts.get(4)));
            while (hosts.get(0).snapshot().device(0).orElseThrow().waiters().isEmpty()) {
                LockSupport.parkNanos(1_000_000);
            }
            image = StateImage.read(directory.resolve("genv.state"));
            waiter.interrupt();
            join(waiter);
        } finally {
            hosts.forEach(GenvHost::close);
        }
        image.requireSound();
        LifeLocks seats = LifeLocks.open(directory.resolve("genv.live"));
        for (int token = 1; token <= hosts.size(); token++) {
            if (!seats.tryHold(token)) {
                throw new AssertionError("the seat of a closed host is held: token=" + token);
            }
        }
        return new Bench(directory, image, seats);
    }

    private static void waitForEver(GenvHost host) {
        try {
            host.activate(request("unused", 0)).close();
            host.run(
                    ActivationRequest.of(EnvConfig.empty()).eid("queued"),
                    () -> host.attach(DeviceRequest.index(0).waitUpTo(Duration.ofDays(1))));
        } catch (InterruptedWaitException expected) {
            // the state has been copied
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    private static ActivationRequest request(String eid, int gpus) {
        return ActivationRequest.of(EnvConfig.builder().gpus(gpus).build()).eid(eid);
    }

    private static GenvHost open(Path directory) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(DEVICES, "16g"))
                .processEnvironment(false)
                .build());
    }

    /** The undamaged bytes; to be copied before they are changed. */
    StateImage image() {
        return image;
    }

    Path file() {
        return file;
    }

    /** What is done to the files of a directory. */
    interface Damage {
        void inflict(Path directory) throws IOException;
    }

    /** How much must still be right after the damage. */
    enum Trust {
        /** Whatever is answered is true, and nothing is granted that somebody has. */
        TRUE,
        /** Somebody has put another valid state there: only those who knew the old one can notice. */
        REPLACED,
        /** Somebody has computed the checksums anew: nothing can be true, but nothing breaks. */
        FORGED
    }

    /** A process comes to damaged files. */
    void cold(Trust trust, Damage damage) throws IOException {
        clear();
        image.writeNew(file);
        damage.inflict(directory);
        probeNewcomer(trust, Set.of(FREE));
    }

    /** The files are damaged under a running process, which has the last device; then another one comes. */
    void warm(Trust trust, Damage damage) throws IOException {
        clear();
        image.writeNew(file);
        try (Closing running = new Closing(this, open(directory))) {
            GenvHost host = running.host();
            try (Leaving own = new Leaving(this, host.activate(request("running", 1)))) {
                if (!own.activation().devices().equals(List.of(FREE))) {
                    throw new AssertionError("wrong device before the damage: "
                            + own.activation().devices());
                }
                damage.inflict(directory);
                LockSupport.parkNanos(60_000); // the file is looked at again every 50 µs
                probeRunning(host, trust);
                if (Files.isDirectory(directory)) {
                    probeNewcomer(trust == Trust.TRUE ? trust : Trust.FORGED, Set.of());
                }
            }
        }
    }

    private void clear() throws IOException {
        for (String name : List.of("genv.state", "second", "elsewhere")) {
            Files.deleteIfExists(directory.resolve(name));
        }
    }

    /** Puts the live file back under which all of this was made. */
    void restore(Path saved) throws IOException {
        Files.deleteIfExists(directory.resolve("genv.live"));
        Files.createLink(directory.resolve("genv.live"), saved);
        Files.delete(saved);
    }

    // ---- probes ----------------------------------------------------------------------------------------------------

    private void probeRunning(GenvHost host, Trust trust) {
        refusable(() -> {
            List<Integer> attached = host.attached();
            if (trust == Trust.TRUE && !attached.equals(List.of(FREE))) {
                throw new AssertionError("the running process has other devices than before: " + attached);
            }
        });
        refusable(() -> checkPicture(host.snapshot(), trust, true));
        refusable(() -> {
            List<Integer> attached = host.attach(DeviceRequest.gpus(2));
            requireGrant(trust != Trust.FORGED, Set.of(FREE), attached);
        });
        refusable(() -> host.configure(EnvConfig.builder().gpus(2).build()));
        refusable(() -> host.tryLock().ifPresent(DeviceLock::close));
        refusable(() -> {
            try {
                host.tryLock(Duration.ofMillis(1)).ifPresent(DeviceLock::close);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        });
    }

    private void probeNewcomer(Trust trust, Set<Integer> free) {
        refusable(() -> {
            try (Closing newcomer = new Closing(this, open(directory))) {
                GenvHost host = newcomer.host();
                refusable(() -> checkPicture(host.snapshot(), trust, free.isEmpty()));
                refusable(() -> activate(host, request("new", 1), trust, free));
                refusable(() -> activate(
                        host,
                        ActivationRequest.of(EnvConfig.builder()
                                        .gpus(1)
                                        .gpuMemory("8g")
                                        .build())
                                .eid("new"),
                        trust,
                        free));
                refusable(() -> lockHeldDevice(host, trust));
            }
        });
    }

    private void activate(GenvHost host, ActivationRequest request, Trust trust, Set<Integer> free) {
        try (Leaving made = new Leaving(this, host.activate(request))) {
            requireGrant(trust == Trust.TRUE, free, made.activation().devices());
        }
    }

    private void lockHeldDevice(GenvHost host, Trust trust) {
        try (Leaving made = new Leaving(this, host.activate(request("locks", 0)))) {
            host.attach(DeviceRequest.index(2).overSubscribed());
            host.tryLock().ifPresent(lock -> {
                boolean wrong = trust == Trust.TRUE && lock.devices().contains(2);
                lock.close();
                if (wrong) {
                    throw new AssertionError("a lock that somebody holds was granted: eid="
                            + made.activation().eid());
                }
            });
        }
    }

    private static void requireGrant(boolean matters, Set<Integer> free, List<Integer> granted) {
        if (matters && !free.containsAll(granted)) {
            throw new AssertionError("devices were granted that others have: free=" + free + " granted=" + granted);
        }
    }

    private static void checkPicture(Snapshot snapshot, Trust trust, boolean withRunning) {
        if (trust != Trust.TRUE) {
            return;
        }
        Set<String> expected = new TreeSet<>(ENVS);
        expected.add("queued");
        expected.add("unused");
        Set<String> seen = new TreeSet<>();
        for (EnvInfo env : snapshot.envs()) {
            seen.add(env.eid());
        }
        boolean right = seen.containsAll(ENVS)
                && snapshot.env("whole").orElseThrow().devices().equals(List.of(0))
                && snapshot.env("share").orElseThrow().devices().equals(List.of(1))
                && (!withRunning
                        || snapshot.env("running").orElseThrow().devices().equals(List.of(FREE)));
        seen.removeAll(expected);
        seen.remove("running");
        if (!right || !seen.isEmpty()) {
            throw new AssertionError("a wrong picture: " + snapshot);
        }
    }

    /**
     * Runs what may be refused, but only in words that help.
     *
     * <p>Where a file was cut short under a running process, the JVM says so by an error of its own. It is thrown a moment
     * after the access, in compiled code sometimes only when the library's methods have returned, who turn it into an
     * exception where they can. Such a bare one is counted.
     */
    private void refusable(Runnable operation) {
        try {
            operation.run();
        } catch (InternalError pageLost) {
            if (!isCut()) {
                throw pageLost;
            }
            bareErrors++;
        } catch (GenvException refused) {
            String message = String.valueOf(refused.getMessage());
            if (!message.matches("(?s)[a-z].{20,}") || message.contains("null")) {
                throw new AssertionError("a message that does not help: " + message, refused);
            }
        }
    }

    private boolean isCut() {
        try {
            return Files.size(file) < FileLayout.FILE_SIZE;
        } catch (IOException gone) {
            return false;
        }
    }

    /** How often the JVM's own error came out of an operation. */
    int bareErrors() {
        return bareErrors;
    }

    /** A host; that it cannot leave a damaged state is no failure. */
    private record Closing(Bench bench, GenvHost host) implements AutoCloseable {
        @Override
        public void close() {
            bench.refusable(host::close);
        }
    }

    private record Leaving(Bench bench, Activation activation) implements AutoCloseable {
        @Override
        public void close() {
            bench.refusable(activation::close);
        }
    }

    @Override
    public void close() {
        seats.close();
    }
}
