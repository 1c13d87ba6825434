// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.Lease;
import genv.api.LeaseExpiredException;
import genv.api.LeaseListener;
import genv.api.LockMode;
import genv.api.NotActiveException;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Leases on hosts of one process. What is short here is short so that the test ends soon; nothing depends on how short. */
class LeaseTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration SHORT = Duration.ofMillis(50);
    /** Announced when half of it is over, where the listener can be called before the other half is. */
    private static final Duration ANNOUNCED = Duration.ofSeconds(4);

    /** What a listener was told, in order. */
    private static final class Told implements LeaseListener {
        final BlockingQueue<String> words = new LinkedBlockingQueue<>();
        final BlockingQueue<Lease> leases = new LinkedBlockingQueue<>();

        @Override
        public void leaseEnds(Lease lease) {
            leases.add(lease);
            words.add("ends " + lease.eid() + " " + lease.devices());
        }

        @Override
        public void leaseEnded(Lease lease) {
            words.add("ended " + lease.eid() + " " + lease.devices());
        }

        String next() throws InterruptedException {
            String word = words.poll(1, TimeUnit.MINUTES);
            return word == null ? "nothing" : word;
        }

        /** Passes over announcements: a short lease may be over before its end can be announced. */
        String nextEnd() throws InterruptedException {
            String word = next();
            while (word.startsWith("ends ")) {
                word = next();
            }
            return word;
        }
    }

    @Test
    @GenvTest(devices = 3)
    void shouldAnnounceTheEndAndThenTakeTheDevicesBack(GenvHost host) throws Exception {
        Told told = new Told();
        try (Activation env = host.activate(gpus(2).eid("e").lease(ANNOUNCED).onLeaseEnd(told))) {
            assertThat(told.next()).isEqualTo("ends e [0, 1]");
            assertThat(told.next()).isEqualTo("ended e [0, 1]");

            assertThat(env.devices()).isEmpty();
            assertThat(host.attached()).isEmpty();
            assertThat(host.active()).as("it goes on, without devices").isTrue();
            assertThat(env.leaseEnd()).isEmpty();
            assertThat(env.variables()).containsEntry("CUDA_VISIBLE_DEVICES", "-1");
            assertThat(host.snapshot().env("e").orElseThrow().leaseEnd()).isEmpty();
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldSayWhyThereIsNothingToLock(GenvHost host) throws Exception {
        Told told = new Told();
        host.activate(gpus(1).eid("e").lease(HOUR).onLeaseEnd(told));
        DeviceLock lock = host.lock();
        host.renewLease(SHORT); // only now, so that a busy machine has locked before the end
        told.nextEnd();
        assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).isEmpty();
        for (LockMode mode : LockMode.values()) {
            assertThatThrownBy(() -> host.lock(mode))
                    .isInstanceOf(LeaseExpiredException.class)
                    .hasMessageContaining("eid=e")
                    .hasMessageContaining("attach devices again");
            assertThatThrownBy(() -> host.tryLock(mode)).isInstanceOf(LeaseExpiredException.class);
        }
        assertThatThrownBy(() -> host.renewLease(HOUR)).isInstanceOf(LeaseExpiredException.class);
        lock.close();

        assertThat(host.attach()).containsExactly(0);
        host.renewLease(HOUR);
        host.lock().close();
    }

    @Test
    @GenvTest(devices = 2)
    void shouldEndLeasesWhenAListenerThrowsAnError(GenvHost host) throws Exception {
        CountDownLatch thrown = new CountDownLatch(1);
        LeaseListener broken = always(() -> {
            thrown.countDown();
            throw new AssertionError("of a listener");
        });
        Told told = new Told();
        host.call(gpus(1).lease(SHORT).onLeaseEnd(broken), () -> {
            thrown.await();
            return host.call(gpus(1).eid("e").lease(SHORT).onLeaseEnd(told), () -> {
                assertThat(told.nextEnd()).startsWith("ended e");
                return 0;
            });
        });
    }

    /** The locks show it: they are taken back with the devices, while a snapshot shows these by the clock. */
    @Test
    @GenvTest(devices = 2)
    void shouldTakeDevicesBackWhileAListenerIsBusy(GenvHost host) throws Exception {
        try (Busy _ = Busy.on(host);
                Activation env = host.activate(gpus(1).eid("e").lease(HOUR))) {
            host.lock();
            env.renew(Duration.ofMillis(1));
            awaitTakenBack(host);
            assertThat(host.attached()).isEmpty();
            assertThat(env.devices()).isEmpty();
            assertThat(env.leaseEnd()).isEmpty();
            assertThat(env.variables()).containsEntry("CUDA_VISIBLE_DEVICES", "-1");
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldNotAnnounceALeaseThatIsOverWhenItsListenerCanBeCalled(GenvHost host) throws Exception {
        Told told = new Told();
        try (Busy busy = Busy.on(host)) {
            host.activate(gpus(1).eid("e").lease(SHORT).onLeaseEnd(told));
            awaitTakenBack(host);
            busy.end();
            assertThat(told.next()).isEqualTo("ended e [0]");
        }
    }

    /** Otherwise whatever waits in the thread returns at once, for ever. */
    @Test
    @GenvTest(devices = 1)
    void shouldNotLeaveItsThreadInterruptedAfterAListener(GenvHost host) throws Exception {
        BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
        LeaseListener interrupting = new LeaseListener() {
            @Override
            public void leaseEnds(Lease lease) {}

            @Override
            public void leaseEnded(Lease lease) {
                interrupted.add(Thread.currentThread().isInterrupted());
                Thread.currentThread().interrupt();
            }
        };
        host.activate(gpus(1).lease(SHORT).onLeaseEnd(interrupting));
        assertThat(interrupted.take()).isFalse();
        host.attach();
        assertThat(interrupted.take()).isFalse();
    }

    /** The listener of the first keeps the one thread that tells, as long as it takes until the second is over as well. */
    @Test
    @GenvTest(devices = 2)
    void shouldTellOfALeaseThatRanOutBeforeTheNextOneBegan(GenvHost host) throws Exception {
        Told told = new Told();
        try (Busy busy = Busy.on(host);
                Activation env = host.activate(gpus(1).eid("e").lease(HOUR).onLeaseEnd(told))) {
            Duration once = Duration.ofMillis(1);
            env.renew(once);
            awaitShown(host, "e", List.of());
            assertThat(host.attach(DeviceRequest.index(1))).containsExactly(1);
            env.renew(once);
            awaitShown(host, "e", List.of());
            assertThat(host.attach(DeviceRequest.gpus(2))).containsExactly(0, 1);
            busy.end();
            assertThat(told.nextEnd()).isEqualTo("ended e [0]");
            assertThat(told.nextEnd()).isEqualTo("ended e [1]");
            env.renew(once);
            assertThat(told.nextEnd()).isEqualTo("ended e [0, 1]");
            assertThat(told.words).isEmpty();
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldNotTellOfTheEndOfALeaseWhoseDevicesWereDetached(GenvHost host) throws Exception {
        Told told = new Told();
        try (Busy busy = Busy.on(host)) {
            host.activate(gpus(1).eid("e").lease(HOUR).onLeaseEnd(told));
            host.detach();
            host.attach(DeviceRequest.index(1));
            host.renewLease(Duration.ofMillis(1));
            busy.end();
            assertThat(told.nextEnd()).as("not of the first").isEqualTo("ended e [1]");
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldTellOfALeaseThatAnotherProcessBegan(GenvHost host, GenvHosts hosts) throws Exception {
        Told told = new Told();
        host.activate(ActivationRequest.of(EnvConfig.empty()).eid("e").onLeaseEnd(told));
        GenvHost other = hosts.open(); // with a watch of its own, as a process has
        other.activate(ActivationRequest.of(EnvConfig.empty()).eid("e").lease(HOUR));
        assertThat(other.attach(DeviceRequest.gpus(1))).containsExactly(0);
        assertThat(told.words).isEmpty();
        other.renewLease(SHORT);
        assertThat(told.nextEnd()).startsWith("ended e");
        assertThat(host.attached()).isEmpty();
    }

    /** Whether or not it has been taken back by then. */
    @Test
    @GenvTest(devices = 2)
    void shouldNotLockInsideOfALockWhenTheLeaseIsOver(GenvHost host) {
        host.activate(gpus(1).eid("e").lease(HOUR));
        for (LockMode mode : LockMode.values()) {
            DeviceLock outer = host.lock(mode);
            host.lock(mode).close();
            host.renewLease(Duration.ofMillis(1));
            awaitShown(host, "e", List.of());
            assertThatThrownBy(() -> host.lock(mode)).isInstanceOf(LeaseExpiredException.class);
            assertThatThrownBy(() -> host.tryLock(mode)).isInstanceOf(LeaseExpiredException.class);
            outer.close();
            assertThat(host.attach(DeviceRequest.gpus(1))).containsExactly(0);
            host.lock(mode).close();
        }
    }

    /** Keeps the thread that calls listeners in one, so that the test says when the next one is called. */
    private static final class Busy implements AutoCloseable {
        private final CountDownLatch end = new CountDownLatch(1);
        private final CountDownLatch left = new CountDownLatch(1);

        static Busy on(GenvHost host) throws InterruptedException {
            Busy busy = new Busy();
            CountDownLatch begun = new CountDownLatch(1);
            LeaseListener blocking = new LeaseListener() {
                @Override
                public void leaseEnds(Lease lease) {}

                @Override
                public void leaseEnded(Lease lease) {
                    begun.countDown();
                    awaitQuietly(busy.end);
                }
            };
            Thread.startVirtualThread(() -> {
                host.run(gpus(1).lease(Duration.ofMillis(1)).onLeaseEnd(blocking), () -> awaitQuietly(begun));
                busy.left.countDown();
            });
            begun.await();
            busy.left.await();
            return busy;
        }

        void end() {
            end.countDown();
        }

        @Override
        public void close() {
            end();
        }
    }

    /** A snapshot shows by the clock what a lease has. */
    private static void awaitShown(GenvHost host, String eid, List<Integer> devices) {
        while (!host.snapshot().env(eid).orElseThrow().devices().equals(devices)) {
            Thread.onSpinWait();
        }
    }

    /** Nobody needs the devices, so it is this process that takes them back. */
    private static void awaitTakenBack(GenvHost host) throws InterruptedException {
        for (int i = 0; !isTakenBack(host); i++) {
            assertThat(i).as("looks, a millisecond apart").isLessThan(60_000);
            Thread.sleep(1);
        }
    }

    private static boolean isTakenBack(GenvHost host) {
        try {
            host.lock().close();
            return false;
        } catch (LeaseExpiredException over) {
            return String.valueOf(over.getMessage()).contains("were taken back");
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldGiveTheDevicesToWhoWaitsForThem(GenvHost host, GenvHosts hosts) {
        host.activate(gpus(1).lease(SHORT));
        GenvHost other = hosts.open();
        assertThat(other.activate(gpus(1).waitUpTo(HOUR)).devices()).containsExactly(0);
        assertThat(host.attached()).isEmpty();
    }

    @Test
    @GenvTest(devices = 2)
    void shouldLastAsLongAsItIsRenewed(GenvHost host) throws Exception {
        Told told = new Told();
        try (Activation env = host.activate(gpus(1).eid("e").lease(ANNOUNCED).onLeaseEnd(told))) {
            Lease lease = told.leases.take();
            Instant end = lease.renew(HOUR);
            assertThat(end).isAfter(Instant.now().plus(HOUR).minusSeconds(60));
            assertThat(env.leaseEnd().orElseThrow()).isBetween(end.minusSeconds(1), end.plusSeconds(1));
            assertThat(host.snapshot().env("e").orElseThrow().leaseEnd().orElseThrow())
                    .isBetween(end.minusSeconds(1), end.plusSeconds(1));
            assertThat(told.next()).startsWith("ends");
            assertThat(told.words).as("not ended").isEmpty();

            env.renew(SHORT);
            assertThat(told.nextEnd()).startsWith("ended");
            assertThatThrownBy(() -> lease.renew(HOUR)).isInstanceOf(LeaseExpiredException.class);
        }
    }

    @Test
    @GenvTest(devices = 2)
    void shouldBeginWithTheFirstDeviceAndEndWithTheLast(GenvHost host) {
        Activation env = host.activate(ActivationRequest.of(EnvConfig.empty()).lease(HOUR));
        assertThat(host.leaseEnd()).isEmpty();
        assertThatThrownBy(() -> host.renewLease(HOUR))
                .isInstanceOf(NotActiveException.class)
                .hasMessageContaining("no lease to renew");
        host.attach(DeviceRequest.gpus(1));
        Instant first = host.leaseEnd().orElseThrow();
        host.attach(DeviceRequest.gpus(2));
        host.detach(0);
        assertThat(host.leaseEnd().orElseThrow()).isBetween(first.minusSeconds(1), first.plusSeconds(1));
        host.detach();
        assertThat(host.leaseEnd()).isEmpty();
        host.lock().close(); // a lock on nothing: nothing was lost
        env.close();
    }

    @Test
    @GenvTest(devices = 2)
    void shouldSurviveAnotherConfiguration(GenvHost host) {
        host.activate(gpus(1).lease(HOUR));
        Instant end = host.leaseEnd().orElseThrow();
        host.configure(EnvConfig.builder().name("n").gpuMemory("1g").build());
        assertThat(host.leaseEnd().orElseThrow()).isBetween(end.minusSeconds(1), end.plusSeconds(1));
    }

    @Test
    @GenvTest(devices = 2)
    void shouldLastAtLeastAsLongAsWhoJoinsAsks(GenvHost host, GenvHosts hosts) {
        host.activate(gpus(1).eid("e").lease(HOUR));
        GenvHost other = hosts.open();
        other.activate(ActivationRequest.of(EnvConfig.empty()).eid("e").lease(Duration.ofMinutes(1)));
        assertThat(host.leaseEnd().orElseThrow())
                .as("not shorter")
                .isAfter(Instant.now().plusSeconds(3000));
        other.close();
        GenvHost third = hosts.open();
        third.activate(ActivationRequest.of(EnvConfig.empty()).eid("e").lease(HOUR.multipliedBy(2)));
        assertThat(host.leaseEnd().orElseThrow())
                .as("longer")
                .isAfter(Instant.now().plusSeconds(7000));
    }

    @Test
    @GenvTest(devices = 2)
    void shouldKeepWhatHasNoLeaseWithoutOne(GenvHost host, GenvHosts hosts) {
        host.activate(gpus(1).eid("e"));
        hosts.open().activate(ActivationRequest.of(EnvConfig.empty()).eid("e").lease(SHORT));
        assertThat(host.leaseEnd()).isEmpty();
        assertThat(host.snapshot().env("e").orElseThrow().leaseEnd()).isEmpty();
    }

    @Test
    @GenvTest(devices = 2)
    void shouldEndInTaskScopes(GenvHost host) throws Exception {
        Told told = new Told();
        host.<Void, Exception>call(gpus(1).eid("task").lease(HOUR).onLeaseEnd(told), () -> {
            host.renewLease(SHORT);
            assertThat(told.nextEnd()).isEqualTo("ended task [0]");
            assertThat(host.attached()).isEmpty();
            assertThatThrownBy(host::lock).isInstanceOf(LeaseExpiredException.class);
            assertThat(host.attach(DeviceRequest.gpus(1))).containsExactly(0);
            host.renewLease(HOUR);
            assertThat(host.leaseEnd()).isPresent();
            return null;
        });
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    @GenvTest(devices = 3)
    void shouldGoOnAfterAListenerThatThrows(GenvHost host) throws Exception {
        Told told = new Told();
        CountDownLatch thrown = new CountDownLatch(1);
        LeaseListener broken = always(() -> {
            thrown.countDown();
            throw new IllegalStateException("on purpose");
        });
        host.activate(gpus(1).lease(SHORT).onLeaseEnd(broken));
        thrown.await();
        host.<Void, Exception>call(gpus(1).lease(SHORT).onLeaseEnd(told), () -> {
            assertThat(told.nextEnd()).startsWith("ended");
            return null;
        });
    }

    /** Does the same at the announcement, which a busy machine may leave out, and at the end, which always comes. */
    private static LeaseListener always(Runnable action) {
        return new LeaseListener() {
            @Override
            public void leaseEnds(Lease lease) {
                action.run();
            }

            @Override
            public void leaseEnded(Lease lease) {
                action.run();
            }
        };
    }

    @Test
    @GenvTest(devices = 1)
    void shouldCloseTheHostFromAListener(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.open();
        CountDownLatch closed = new CountDownLatch(1);
        host.activate(gpus(1).lease(SHORT).onLeaseEnd(always(() -> {
            host.close();
            closed.countDown();
        })));
        assertThat(closed.await(1, TimeUnit.MINUTES)).isTrue();
        assertThat(hosts.open().activate(gpus(1)).devices()).containsExactly(0);
    }

    @Test
    @GenvTest(devices = 64)
    void shouldNeedOneThreadForManyLeases(GenvHost host) throws Exception {
        long before = threads();
        List<Thread> tasks = new ArrayList<>();
        CountDownLatch entered = new CountDownLatch(64);
        CountDownLatch leave = new CountDownLatch(1);
        for (int i = 0; i < 64; i++) {
            tasks.add(Thread.startVirtualThread(() -> host.run(gpus(1).lease(HOUR), () -> {
                entered.countDown();
                awaitQuietly(leave);
            })));
        }
        entered.await();
        assertThat(threads() - before).isEqualTo(1);
        leave.countDown();
        for (Thread task : tasks) {
            task.join();
        }
        assertThat(host.snapshot().envs()).isEmpty();
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("genv-leases"))
                .count();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }
}
