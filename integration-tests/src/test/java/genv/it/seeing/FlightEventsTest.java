// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.InterruptedWaitException;
import genv.api.Lease;
import genv.api.LeaseListener;
import genv.api.LockMode;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import jdk.jfr.FlightRecorder;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every event appears with the right values: in this process, with a peer in another one where two are needed. */
@GenvTest(devices = 4)
class FlightEventsTest {
    private final Recorder recorder = new Recorder();

    @AfterEach
    void stop() {
        recorder.close();
    }

    private static ActivationRequest request(String eid, int gpus) {
        return ActivationRequest.of(EnvConfig.builder().gpus(gpus).build()).eid(eid);
    }

    @Test
    void shouldRecordActivations(GenvHost host) throws Exception {
        host.activate(request("mine", 2).waitUpTo(Duration.ofMinutes(1)));
        host.run(request("task", 1).overSubscribed(), () -> {});
        assertThatThrownBy(() -> host.run(request("much", 3), () -> {}))
                .isInstanceOf(DevicesUnavailableException.class);
        assertThatThrownBy(() -> host.run(request("more", 5), () -> {}))
                .isInstanceOf(DevicesUnavailableException.class);

        List<RecordedEvent> events = recorder.events("Activation");

        assertThat(events).extracting(event -> event.getString("eid")).containsExactly("mine", "task", "much", "more");
        assertThat(events)
                .extracting(event -> event.getString("outcome"))
                .containsExactly("granted", "granted", "busy", "never");
        assertThat(events).extracting(event -> event.getString("devices")).containsExactly("0,1", "2", "", "");
        assertThat(events).extracting(event -> event.getInt("gpus")).containsExactly(2, 1, 3, 5);
        assertThat(events)
                .extracting(event -> event.getBoolean("overSubscribed"))
                .containsExactly(false, true, false, false);
        assertThat(events)
                .extracting(event -> event.getDuration("waitLimit"))
                .containsExactly(Duration.ofMinutes(1), Duration.ZERO, Duration.ZERO, Duration.ZERO);
        assertThat(events.get(0).getString("message")).isNull();
        assertThat(events.get(2).getString("message")).startsWith("not enough devices are free: asked=3");
        assertThat(events.get(3).getString("message")).startsWith("more devices are asked for than there are");
        assertThat(events.getFirst().getStackTrace().getFrames())
                .anyMatch(frame -> frame.getMethod().getName().equals("shouldRecordActivations"));
        assertThat(events.getFirst().getEventType().getCategoryNames()).containsExactly("genv");
    }

    @Test
    void shouldRecordAttachingAndDetaching(GenvHost host) throws Exception {
        host.activate(request("mine", 1));
        host.attach(DeviceRequest.index(3).waitUpTo(Duration.ofSeconds(5)));
        host.attach(DeviceRequest.gpus(3));
        assertThatThrownBy(() -> host.run(request("other", 1), () -> host.attach(DeviceRequest.index(0))))
                .isInstanceOf(DevicesUnavailableException.class);
        host.detach(3);

        List<RecordedEvent> events = recorder.events("Attach");
        assertThat(events).extracting(event -> event.getString("eid")).containsExactly("mine", "mine", "other");
        assertThat(events).extracting(event -> event.getInt("gpus")).containsExactly(1, 3, 1);
        assertThat(events).extracting(event -> event.getInt("index")).containsExactly(3, -1, 0);
        assertThat(events)
                .extracting(event -> event.getString("outcome"))
                .containsExactly("granted", "granted", "busy");
        assertThat(events).extracting(event -> event.getString("devices")).containsExactly("0,3", "0,1,3", "");
        assertThat(recorder.only("Detach").getString("eid")).isEqualTo("mine");
        assertThat(recorder.only("Detach").getString("devices")).isEqualTo("0,1");
    }

    @Test
    void shouldRecordAnInterruptedWait(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=theirs gpus=4");
            Background<Activation> waiting =
                    Background.start(() -> host.activate(request("mine", 1).waitUpTo(Duration.ofMinutes(1))));
            Eventually.waiters(host, 0, 1);
            waiting.interrupt();
            assertThatThrownBy(waiting::result).isInstanceOf(InterruptedWaitException.class);
            peer.exits();
        }
        assertThat(recorder.only("Activation").getString("outcome")).isEqualTo("interrupted");
        assertThat(recorder.only("QueueWait").getBoolean("served")).isFalse();
    }

    @Test
    void shouldRecordHowLongAVirtualThreadWaitedForAnotherProcess(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            host.activate(request("mine", 1));
            peer.does("activate eid=theirs gpus=1 over");
            peer.does("attach index=0 over");
            peer.does("lock");
            long before = System.nanoTime();
            Background<DeviceLock> waiting = Background.start(() -> host.lock(LockMode.EXCLUSIVE));
            Eventually.waiters(host, 0, 1);
            long waits = System.nanoTime();
            assertThat(peer.does("active")).isEqualTo("true"); // it takes a moment
            long stillWaits = System.nanoTime();
            peer.does("unlock");
            DeviceLock lock = waiting.result();
            long after = System.nanoTime();

            RecordedEvent wait = recorder.only("LockWait");
            assertThat(wait.getString("eid")).isEqualTo("mine");
            assertThat(wait.getString("mode")).isEqualTo("EXCLUSIVE");
            assertThat(wait.getString("outcome")).isEqualTo("granted");
            assertThat(wait.getString("devices")).isEqualTo("0");
            assertThat(wait.getLong("waitLimit")).isEqualTo(Long.MAX_VALUE);
            assertThat(wait.getThread().isVirtual()).isTrue();
            assertDuration(wait, stillWaits - waits, after - before);

            RecordedEvent queue = recorder.only("QueueWait");
            assertThat(queue.getString("eid")).isEqualTo("mine");
            assertThat(queue.getString("waitsFor")).isEqualTo("EXCLUSIVE_LOCK");
            assertThat(queue.getString("devices")).isEqualTo("0");
            assertThat(queue.getInt("count")).isEqualTo(1);
            assertThat(queue.getLong("ticket")).isPositive();
            assertThat(queue.getInt("attempts")).isGreaterThanOrEqualTo(2);
            assertThat(queue.getBoolean("served")).isTrue();
            assertDuration(queue, stillWaits - waits, after - before);

            assertThat(recorder.events("LockHold")).as("still held").isEmpty();
            long held = System.nanoTime();
            lock.close(); // from another thread than took it
            long released = System.nanoTime();
            RecordedEvent hold = recorder.only("LockHold");
            assertThat(hold.getString("eid")).isEqualTo("mine");
            assertThat(hold.getString("mode")).isEqualTo("EXCLUSIVE");
            assertThat(hold.getString("devices")).isEqualTo("0");
            assertDuration(hold, held - after, released - stillWaits);
            peer.exits();
        }
    }

    /** Flight Recorder may count with the clock of the processor, whose frequency it knows to less than a percent. */
    private static void assertDuration(RecordedEvent event, long least, long most) {
        assertThat(event.getDuration().toNanos()).isBetween(least - least / 100, most + most / 100);
    }

    @Test
    void shouldRecordOneHoldForNestedLocks(GenvHost host) throws Exception {
        host.activate(
                ActivationRequest.of(EnvConfig.builder().gpus(1).gpuMemory("1g").build())
                        .eid("mine"));
        try (DeviceLock _ = host.lock(LockMode.SHARE);
                DeviceLock _ = host.lock(LockMode.SHARE)) {
            assertThat(recorder.events("LockHold")).isEmpty();
        }
        assertThat(recorder.only("LockHold").getString("mode")).isEqualTo("SHARE");
        assertThat(recorder.events("LockWait")).hasSize(2);
        host.lock();
        host.detach();
        host.attach();
        host.lock().close();
        assertThat(recorder.events("LockHold"))
                .as("one ended with the attachment")
                .hasSize(3);
    }

    @Test
    void shouldRecordALockThatIsNotHadInTime(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            host.activate(request("mine", 1));
            peer.does("activate eid=theirs");
            peer.does("attach index=0 over");
            peer.does("lock");
            assertThat(host.tryLock(Duration.ofMillis(50))).isEmpty();
            peer.exits();
        }
        assertThat(recorder.only("LockWait").getString("outcome")).isEqualTo("busy");
        assertThat(recorder.only("LockWait").getDuration("waitLimit")).isEqualTo(Duration.ofMillis(50));
        assertThat(recorder.only("QueueWait").getBoolean("served")).isFalse();
        assertThat(recorder.events("LockHold")).isEmpty();
    }

    @Test
    void shouldRecordWhatADeadProcessLeft(GenvHosts hosts, GenvHost host) throws Exception {
        host.activate(request("mine", 1));
        long pid;
        try (Peer peer = Peer.beside(hosts)) {
            pid = peer.process().pid();
            peer.does("activate eid=theirs gpus=3");
            peer.does("lock");
            peer.process().kill();
        }
        assertThat(host.attach(DeviceRequest.gpus(2))).containsExactly(0, 1);

        RecordedEvent reap = recorder.only("Reap");
        assertThat(reap.getString("what")).isEqualTo("ENVIRONMENT");
        assertThat(reap.getString("eid")).isEqualTo("theirs");
        assertThat(reap.getString("user")).isEqualTo(System.getProperty("user.name"));
        assertThat(reap.getString("pids")).isEqualTo(Long.toString(pid));
        assertThat(reap.getString("devices")).isEqualTo("1,2,3");
    }

    @Test
    void shouldRecordTheDeadOfALivingEnvironment(GenvHosts hosts, GenvHost host) throws Exception {
        host.activate(request("ours", 1));
        try (Peer peer = Peer.beside(hosts);
                Peer waiter = Peer.beside(hosts)) {
            peer.does("activate eid=ours");
            peer.does("lock");
            waiter.does("activate eid=other");
            waiter.begins("attach index=0 wait=60000");
            Eventually.waiters(host, 0, 1);
            waiter.process().kill(); // first: it looks after the dead while it waits
            peer.process().kill();
        }
        host.lock().close();

        assertThat(recorder.events("Reap"))
                .extracting(event ->
                        event.getString("what") + " " + event.getString("eid") + " " + event.getString("devices"))
                .containsExactlyInAnyOrder("MEMBERS ours ", "LOCK ours 0", "ENVIRONMENT other ");
    }

    @Test
    void shouldRecordARequestThatIsPassedOver(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer peer = Peer.beside(hosts)) {
            host.activate(request("mine", 1));
            DeviceLock mine = host.lock();
            peer.does("activate eid=theirs");
            peer.does("attach index=0 over");
            peer.begins("lock");
            Eventually.waiters(host, 0, 1);
            peer.process().stop();
            mine.close();
            Optional<DeviceLock> again = host.tryLock(Duration.ofMinutes(1)); // not before it is overdue
            assertThat(again).isPresent();

            RecordedEvent overdue = recorder.only("Overdue");
            assertThat(overdue.getString("eid")).isEqualTo("theirs");
            assertThat(overdue.getLong("pid")).isEqualTo(peer.process().pid());
            assertThat(overdue.getString("devices")).isEqualTo("0");
            assertThat(overdue.getInstant("since")).isBefore(overdue.getStartTime());
            again.get().close();
            peer.process().resume();
            peer.finishes();
            peer.exits();
        }
    }

    @Test
    void shouldRecordTheOpeningOfAState(GenvHosts hosts) throws Exception {
        hosts.open(builder -> builder).close();
        RecordedEvent opened = recorder.only("StateOpen");
        assertThat(opened.getString("directory"))
                .isEqualTo(hosts.stateDirectory().toString());
        assertThat(opened.getLong("token")).isPositive();
    }

    @Test
    void shouldRecordFromTheStartOfAProcess(GenvHosts hosts, @TempDir Path directory) throws Exception {
        Path file = directory.resolve("peer.jfr");
        try (Peer peer = Peer.on(
                hosts.stateDirectory(),
                4,
                "16g",
                child -> child.jvmOptions("-XX:StartFlightRecording:filename=" + file, "-Xlog:jfr*=off"))) {
            peer.does("activate eid=theirs gpus=1");
            peer.exits();
        }
        assertThat(Recorder.of(file, "Activation"))
                .extracting(event -> event.getString("eid"))
                .containsExactly("theirs");
        assertThat(Recorder.of(file, "StateOpen")).hasSize(1);
    }

    @Test
    void shouldRecordFromTheMomentThatSomebodyAsksForIt(GenvHosts hosts, @TempDir Path directory) throws Exception {
        Path file = directory.resolve("peer.jfr");
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=theirs gpus=1");
            jcmd(peer, "JFR.start", "name=genv");
            peer.does("detach");
            jcmd(peer, "JFR.dump", "name=genv", "filename=" + file);
            peer.exits();
        }
        assertThat(Recorder.of(file, "Activation")).isEmpty();
        assertThat(Recorder.of(file, "Detach"))
                .extracting(event -> event.getString("eid"))
                .containsExactly("theirs");
    }

    private static void jcmd(Peer peer, String... words) throws Exception {
        Stream<String> command = Stream.of(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(peer.process().pid()));
        Process process = new ProcessBuilder(
                        Stream.concat(command, Stream.of(words)).toList())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    @Test
    void shouldEndTheHoldOfALockWithTheLeaseThatCostIt(GenvHost host) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        host.activate(request("mine", 2).lease(Duration.ofHours(1)).onLeaseEnd(new LeaseListener() {
            @Override
            public void leaseEnds(Lease lease) {}

            @Override
            public void leaseEnded(Lease lease) {
                ended.countDown();
            }
        }));
        DeviceLock lock = host.lock();
        host.renewLease(Duration.ofMillis(1));
        ended.await();
        assertThat(recorder.only("LockHold").getString("devices")).isEqualTo("0,1");
        lock.close();
        assertThat(recorder.events("LockHold")).hasSize(1);
    }

    @Test
    void shouldRecordTheNoticeAndTheEndOfALease(GenvHost host) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        host.activate(request("mine", 2).lease(Duration.ofSeconds(4)).onLeaseEnd(new LeaseListener() {
            @Override
            public void leaseEnds(Lease lease) {}

            @Override
            public void leaseEnded(Lease lease) {
                ended.countDown();
            }
        }));
        ended.await();

        RecordedEvent notice = recorder.only("LeaseNotice");
        assertThat(notice.getString("eid")).isEqualTo("mine");
        assertThat(notice.getString("devices")).isEqualTo("0,1");
        assertThat(notice.getDuration("left")).isBetween(Duration.ZERO, Duration.ofSeconds(2));
        RecordedEvent end = recorder.only("LeaseEnd");
        assertThat(end.getString("eid")).isEqualTo("mine");
        assertThat(end.getString("devices")).isEqualTo("0,1");
        assertThat(recorder.only("Reap").getString("what")).isEqualTo("LEASE");
    }

    @Test
    void shouldRecordLimitsAndWhoWaitsForThem(GenvHosts hosts, GenvHost host) throws Exception {
        Path file = hosts.stateDirectory().resolve("limits.json");
        host.active();
        host.snapshot();
        Files.writeString(file, "{ \"userDevices\": 1 }");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        host.activate(request("mine", 1));
        assertThatThrownBy(() -> host.run(request("more", 1).waitUpTo(Duration.ofMillis(1)), () -> {}))
                .isInstanceOf(DevicesUnavailableException.class);

        RecordedEvent read = recorder.only("LimitsRead");
        assertThat(read.getString("file")).isEqualTo(file.toString());
        assertThat(read.getBoolean("usable")).isTrue();
        RecordedEvent wait = recorder.only("QueueWait");
        assertThat(wait.getBoolean("limited")).isTrue();
        assertThat(wait.getString("devices")).isEmpty();

        Files.writeString(file, "{");
        while (recorder.events("LimitsRead").size() < 2) {
            try {
                host.detach();
                host.attach();
            } catch (GenvException unusable) {
                // from the moment on at which it is looked at
            }
        }
        assertThat(recorder.events("LimitsRead").getLast().getBoolean("usable")).isFalse();
        assertThat(recorder.events("LimitsRead").getLast().getString("message")).contains("not well-formed JSON");
    }

    @Test
    void shouldDescribeEveryField() {
        List<String> undescribed = FlightRecorder.getFlightRecorder().getEventTypes().stream()
                .filter(type -> type.getName().startsWith("genv."))
                .flatMap(type -> Stream.concat(
                        Stream.ofNullable(type.getDescription() == null ? type.getName() : null),
                        type.getFields().stream()
                                .filter(field -> !List.of("startTime", "duration", "eventThread", "stackTrace")
                                        .contains(field.getName()))
                                .filter(field -> field.getDescription() == null || field.getLabel() == null)
                                .map(field -> type.getName() + "." + field.getName())))
                .toList();
        assertThat(undescribed).isEmpty();
    }
}
