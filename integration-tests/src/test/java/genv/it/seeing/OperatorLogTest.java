// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.Lease;
import genv.api.LeaseListener;
import genv.api.MemorySize;
import genv.api.StateException;
import genv.api.spi.Device;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Filter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the loggers say, by way of {@code java.util.logging}, which {@link System.Logger} uses where nothing else is. */
@GenvTest(devices = 3)
class OperatorLogTest {
    private final Logger logger = Logger.getLogger("genv.core");
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Handler handler = new Handler() {
        private final SimpleFormatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord line) {
            lines.add(line.getLoggerName() + " " + line.getLevel() + " " + formatter.formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.setLevel(Level.ALL);
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
    }

    @Test
    void shouldSayOnceThatADirectoryHasTheFilesOfGenv(@TempDir Path directory) throws Exception {
        Files.writeString(directory.resolve("envs.json"), "{\"envs\": []}");
        for (int i = 0; i < 3; i++) {
            GenvHost.open(genv.api.GenvOptions.builder()
                            .stateDirectory(directory)
                            .build())
                    .close();
        }
        assertThat(of("genv.core.store", "INFO"))
                .hasSize(1)
                .first()
                .asString()
                .contains("format=JSON", "directory=" + directory);
        assertThat(of("genv.core.store", "FINE")).hasSize(2);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
        logger.setLevel(null);
    }

    private static ActivationRequest request(String eid, int gpus) {
        return ActivationRequest.of(EnvConfig.builder().gpus(gpus).build()).eid(eid);
    }

    private List<String> of(String name, String level) {
        return lines.stream()
                .filter(line -> line.startsWith(name + " " + level + " "))
                .toList();
    }

    @Test
    void shouldSayThatTheStateIsMadeAndOpened(@TempDir Path directory, GenvHosts hosts) {
        hosts.open(builder -> builder.stateDirectory(directory)).close();
        assertThat(of("genv.core.store", "FINE"))
                .satisfiesExactly(
                        line -> assertThat(line).contains("a new state is made: directory=" + directory),
                        line -> assertThat(line)
                                .contains("the state is open: directory=" + directory)
                                .containsPattern("token=[1-9]"));
    }

    @Test
    void shouldSayOnceWhatADeadProcessLeft(GenvHosts hosts, GenvHost host) {
        long pid;
        try (Peer peer = Peer.beside(hosts)) {
            pid = peer.process().pid();
            peer.does("activate eid=theirs gpus=3");
            peer.process().kill();
        }
        host.activate(request("mine", 2));
        host.attach(DeviceRequest.gpus(3));

        assertThat(of("genv.core.rules", "INFO"))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("an environment whose processes are dead was ended: eid=theirs user="
                                + System.getProperty("user.name") + " uid=")
                        .contains(" pids=[" + pid + "] freed=[0, 1, 2] state="
                                + hosts.stateDirectory().resolve("genv.state")));
    }

    @Test
    void shouldGiveWhatWasGrantedThoughTheLogFails(GenvHosts hosts, GenvHost host) {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=ours gpus=1");
            peer.process().kill();
        }
        CountDownLatch failed = new CountDownLatch(1);
        Handler failing = doing(() -> {
            failed.countDown();
            throw new StackOverflowError("of a handler");
        });
        logger.addHandler(failing);
        try {
            assertThat(host.activate(request("ours", 1)).devices()).containsExactly(0);
            assertThat(host.active()).isTrue();
            assertThat(failed.getCount()).isZero();
        } finally {
            logger.removeHandler(failing);
        }
    }

    /** All who wait in a process rely on the thread that finds the dead: it is not to wait for a log. */
    @Test
    void shouldServeWhoWaitsWhileALogTakesLong(GenvHosts hosts, GenvHost host) throws Exception {
        CountDownLatch inLog = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Handler slow = doing(() -> {
            inLog.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        try (Peer dying = Peer.beside(hosts);
                Peer leaving = Peer.beside(hosts)) {
            dying.does("activate eid=dying gpus=1");
            leaving.does("activate eid=leaving gpus=1");
            List<Background<List<Integer>>> waiting = List.of(attachLater(host, 0), attachLater(host, 1));
            Eventually.waiters(host, 0, 1);
            Eventually.waiters(host, 1, 1);
            logger.addHandler(slow);
            dying.process().kill();
            inLog.await();
            leaving.does("close");
            for (int index = 0; index < waiting.size(); index++) {
                assertThat(waiting.get(index).result()).containsExactly(index);
            }
        } finally {
            goOn.countDown();
            logger.removeHandler(slow);
        }
    }

    private static Background<List<Integer>> attachLater(GenvHost host, int index) {
        return Background.start(() -> host.call(
                ActivationRequest.of(EnvConfig.empty()),
                () -> host.attach(DeviceRequest.index(index).waitUpTo(Duration.ofMinutes(5)))));
    }

    /** A handler of messages about the dead. */
    private static Handler doing(Runnable action) {
        return new Handler() {
            @Override
            public void publish(LogRecord line) {
                if (String.valueOf(line.getMessage()).contains("dead")
                        || Arrays.toString(line.getParameters()).contains("dead")) {
                    action.run();
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }

    @Test
    void shouldSayThatAnEnvironmentOfADeadProcessWasReplaced(GenvHosts hosts, GenvHost host) {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=ours gpus=1");
            peer.process().kill();
        }
        host.activate(request("ours", 0));
        assertThat(of("genv.core.rules", "INFO"))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("eid=ours").contains("freed=[0]"));
    }

    @Test
    void shouldSayOnceThatARequestIsPassedOver(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            host.activate(request("mine", 1));
            DeviceLock mine = host.lock();
            peer.does("activate eid=theirs");
            peer.does("attach index=0 over");
            peer.begins("lock");
            Eventually.waiters(host, 0, 1);
            peer.process().stop();
            mine.close();
            host.tryLock(Duration.ofMinutes(1)).orElseThrow().close();
            host.lock().close();
            peer.process().resume();
            peer.finishes();

            assertThat(of("genv.core.rules", "WARNING"))
                    .singleElement()
                    .satisfies(line -> assertThat(line)
                            .contains(
                                    "a request is passed over",
                                    "eid=theirs pid=" + peer.process().pid())
                            .contains("waits_for=EXCLUSIVE_LOCK devices=[0]"));
            peer.exits();
        }
    }

    @Test
    void shouldSayThatARequestHasWaitedLong(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=theirs gpus=3");
            assertThatThrownBy(() -> host.activate(request("mine", 1).waitUpTo(Duration.ofMillis(1001))))
                    .isInstanceOf(DevicesUnavailableException.class);
            peer.exits();
        }
        assertThat(of("genv.core.store", "FINE"))
                .last()
                .satisfies(line -> assertThat(line)
                        .contains("a request has waited long: eid=mine waits_for=DEVICES devices=[0, 1, 2] ")
                        .containsPattern(" waited_ms=[1-9]\\d{3,} ")
                        .endsWith("served=false"));
    }

    @Test
    void shouldNotSayThatARequestHasWaitedAMoment(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=theirs gpus=3");
            Background<?> waiting =
                    Background.start(() -> host.activate(request("mine", 1).waitUpTo(Duration.ofMillis(1))));
            assertThatThrownBy(waiting::result).isInstanceOf(DevicesUnavailableException.class);
            peer.exits();
        }
        assertThat(lines).noneMatch(line -> line.contains("waited long"));
    }

    @Test
    void shouldSayWhichDevicesThereAreAndWhichAreLeftOut(@TempDir Path directory, GenvHosts hosts) {
        SimulatedBackend backend = SimulatedBackend.builder()
                .count(3)
                .lost(1, "it fell off the bus")
                .build();
        try (GenvHost host = hosts.open(builder -> builder.backend(backend).stateDirectory(directory))) {
            host.activate(request("mine", 1));
            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(3)))
                    .isInstanceOf(DevicesUnavailableException.class); // lists them again
        }
        assertThat(of("genv.core.backend", "FINE"))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("backend=simulated, devices=[0, 2]"));
        assertThat(of("genv.core.backend", "WARNING"))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("a device is left out", "it fell off the bus"));
    }

    @Test
    void shouldSayThatADeviceWasLostOrHasAnotherIndex(@TempDir Path directory, GenvHosts hosts) {
        SimulatedBackend backend = SimulatedBackend.of(3);
        List<Device> devices = backend.devices();
        try (GenvHost host = hosts.open(builder -> builder.backend(backend).stateDirectory(directory))) {
            host.activate(request("mine", 1)); // device 0
            Device last = devices.get(2);
            backend.setDevices(List.of(
                    Device.builder(0, last.uuid())
                            .totalMemory(MemorySize.parse("16g"))
                            .build(),
                    devices.get(1)));
            assertThatThrownBy(() -> host.attach(DeviceRequest.gpus(4)))
                    .isInstanceOf(DevicesUnavailableException.class);
            assertThat(of("genv.core.backend", "WARNING"))
                    .satisfiesExactly(
                            line -> assertThat(line)
                                    .contains("a device was lost: index=0 uuid="
                                            + devices.get(0).uuid()),
                            line -> assertThat(line)
                                    .contains("a device has another index by now: uuid=" + last.uuid()
                                            + " index=0 before=2"));
            host.run(request("other", 1), () -> assertThat(host.attached()).containsExactly(1));
            assertThat(of("genv.core.rules", "WARNING"))
                    .singleElement()
                    .satisfies(line -> assertThat(line).contains("under an index that is another", "indices=[0]"));
        }
    }

    @Test
    void shouldSayThatTheStateWasEmptiedAfterAReboot(@TempDir Path directory, GenvHosts hosts) throws Exception {
        hosts.open(builder -> builder.stateDirectory(directory)).close();
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("genv.state").toFile(), "rw")) {
            file.seek(24); // the boot identifier
            long boot = file.readLong();
            file.seek(24);
            file.writeLong(~boot);
        }
        hosts.open(builder -> builder.stateDirectory(directory)).close();
        hosts.open(builder -> builder.stateDirectory(directory)).close();
        assertThat(of("genv.core.store", "INFO"))
                .as("once")
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("the state was emptied: it is of before a reboot: directory=" + directory));
    }

    @Test
    void shouldSayThatTheEndOfALeaseIsNearAndHasCome(GenvHost host) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        host.activate(request("mine", 1).lease(Duration.ofSeconds(4)).onLeaseEnd(new LeaseListener() {
            @Override
            public void leaseEnds(Lease lease) {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void leaseEnded(Lease lease) {
                ended.countDown();
            }
        }));
        ended.await();
        assertThat(of("genv.core.host", "WARNING"))
                .satisfiesExactly(
                        line -> assertThat(line)
                                .contains("is about to end", "eid=mine devices=[0] left=PT", "renew it"),
                        line -> assertThat(line).contains("a lease listener threw: eid=mine"),
                        line -> assertThat(line).contains("has run out", "eid=mine devices=[0]"));
    }

    /** An appender that cannot be loaded, say. */
    @Test
    void shouldEndLeasesWhenALoggerThrowsAnErrorAndInterrupts(GenvHost host) throws Exception {
        Set<Thread> watches = ConcurrentHashMap.newKeySet();
        Filter broken = line -> {
            Thread thread = Thread.currentThread();
            if (thread.getName().equals("genv-leases")) {
                thread.interrupt();
                if (watches.add(thread)) {
                    throw new NoClassDefFoundError("of a logger");
                }
            }
            return true;
        };
        BlockingQueue<Lease> ended = new LinkedBlockingQueue<>();
        Logger leases = Logger.getLogger("genv.core.host");
        leases.setFilter(broken);
        try {
            host.activate(request("mine", 1).lease(Duration.ofMillis(20)).onLeaseEnd(new LeaseListener() {
                @Override
                public void leaseEnds(Lease lease) {}

                @Override
                public void leaseEnded(Lease lease) {
                    ended.add(lease);
                }
            }));
            assertThat(ended.poll(1, TimeUnit.MINUTES)).isNotNull();
            host.attach();
            assertThat(ended.poll(1, TimeUnit.MINUTES)).isNotNull();
            assertThat(watches).as("the one that was interrupted").hasSize(1);
            Eventually.snapshot(
                    host, "a thread that sleeps", shown -> watches.stream().noneMatch(Thread::isInterrupted));
        } finally {
            leases.setFilter(null);
        }
    }

    @Test
    void shouldSayWhatItPassesOverInTheLimits(GenvHosts hosts, GenvHost host) throws Exception {
        host.snapshot(); // makes the directory
        Path file = hosts.stateDirectory().resolve("limits.json");
        Files.writeString(file, "{ \"users\": { \"no such user here\": { \"userDevices\": 1 } } }");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        host.activate(request("mine", 1));
        assertThat(of("genv.core.limits", "WARNING"))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("names a user that this host does not have: file=" + file + " line=1"));
    }

    @Test
    void shouldSayThatTheStateIsDamagedBeforeItThrows(@TempDir Path directory, GenvHosts hosts) throws Exception {
        hosts.open(builder -> builder.stateDirectory(directory)).close();
        Path state = directory.resolve("genv.state");
        try (RandomAccessFile file = new RandomAccessFile(state.toFile(), "rw")) {
            file.seek(128); // the root word
            file.writeLong(-1);
        }
        assertThatThrownBy(() -> hosts.open(builder -> builder.stateDirectory(directory)))
                .isInstanceOf(StateException.class);
        assertThat(of("genv.core.state", "SEVERE")).hasSize(1);
        Files.delete(state);
    }
}
