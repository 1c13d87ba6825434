// SPDX-License-Identifier: Apache-2.0
package genv.it.locks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.api.MemorySize;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Device locks, between hosts of one process; {@link LocksOfProcessesTest} has those between processes. */
@GenvTest(devices = 3)
class LocksTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    private GenvHost host;
    private GenvHost other;

    @BeforeEach
    void open(GenvHosts hosts) {
        host = hosts.host();
        other = hosts.open();
    }

    /** Both have all devices, over-subscribed. */
    private List<Activation> both(EnvConfig mine, EnvConfig others) {
        return List.of(
                host.activate(ActivationRequest.of(mine).eid("a").overSubscribed()),
                other.activate(ActivationRequest.of(others).eid("b").overSubscribed()));
    }

    private static EnvConfig gpus(int gpus) {
        return EnvConfig.builder().gpus(gpus).build();
    }

    private static EnvConfig shares(String memory) {
        return EnvConfig.builder().gpus(3).gpuMemory(memory).build();
    }

    private List<DeviceInfo.LockHolder> holders(int device) {
        return host.snapshot().device(device).orElseThrow().lockHolders();
    }

    // ---- on nothing ------------------------------------------------------------------------------------------------

    @Test
    void shouldLockNothingOutsideAnEnvironment() throws Exception {
        for (LockMode mode : LockMode.values()) {
            try (DeviceLock lock = host.lock(mode)) {
                assertThat(lock.devices()).isEmpty();
            }
            assertThat(host.tryLock(mode))
                    .hasValueSatisfying(lock -> assertThat(lock.devices()).isEmpty());
            assertThat(host.tryLock(mode, LONG)).isPresent();
        }
        assertThat(host.lock().devices()).isEmpty();
    }

    @Test
    void shouldLockNothingWithoutADevice() throws Exception {
        try (Activation _ = host.activate(gpus(0));
                DeviceLock lock = host.lock()) {
            assertThat(lock.devices()).isEmpty();
            assertThat(host.tryLock()).isPresent();
            assertThat(host.tryLock(LockMode.SHARE, LONG)).isPresent();
        }
    }

    @Test
    void shouldLockTheDevicesThatComeAfterALockOnNothing() {
        both(gpus(0), gpus(1));
        DeviceLock nothing = host.lock();
        host.attach(DeviceRequest.index(0).overSubscribed());
        try (DeviceLock lock = host.lock()) {
            assertThat(lock.devices()).containsExactly(0);
            assertThat(other.tryLock()).isEmpty();
            nothing.close();
            assertThat(other.tryLock()).isEmpty();
        }
        assertThat(other.tryLock()).isPresent();
    }

    // ---- exclusive -------------------------------------------------------------------------------------------------

    @NotOnJson("shares")
    @Test
    void shouldLockAllDevicesAtOnce() {
        both(gpus(3), gpus(1));
        try (DeviceLock lock = host.lock()) {
            assertThat(lock.devices()).containsExactly(0, 1, 2);
            for (int device = 0; device < 3; device++) {
                assertThat(holders(device)).singleElement().satisfies(holder -> {
                    assertThat(holder.eid()).isEqualTo("a");
                    assertThat(holder.pid()).isEqualTo(ProcessHandle.current().pid());
                    assertThat(holder.mode()).isEqualTo(LockMode.EXCLUSIVE);
                    assertThat(holder.share()).isEmpty();
                });
            }
            assertThat(other.tryLock()).isEmpty();
            assertThat(other.tryLock(LockMode.SHARE)).isEmpty();
        }
        assertThat(holders(0)).isEmpty();
        try (DeviceLock theirs = other.lock()) {
            assertThat(theirs.devices()).containsExactly(0);
            assertThat(host.tryLock()).as("all or none").isEmpty();
            assertThat(holders(1)).isEmpty();
        }
    }

    @Test
    void shouldNotHinderThoseOnOtherDevices() {
        host.activate(ActivationRequest.of(gpus(1)).eid("a"));
        other.activate(ActivationRequest.of(gpus(2)).eid("b"));
        try (DeviceLock mine = host.lock();
                DeviceLock theirs = other.lock()) {
            assertThat(mine.devices()).containsExactly(0);
            assertThat(theirs.devices()).containsExactly(1, 2);
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldWaitUntilItIsReleased() throws Exception {
        both(gpus(3), gpus(3));
        DeviceLock held = host.lock();
        Background<DeviceLock> waiting = Background.start(other::lock);
        DeviceInfo.Waiter waiter =
                Eventually.waiters(host, 1, 1).device(1).orElseThrow().waiters().getFirst();
        assertThat(waiter.eid()).isEqualTo("b");
        assertThat(waiter.waitsFor()).isEqualTo(DeviceInfo.Wait.EXCLUSIVE_LOCK);
        held.close();
        try (DeviceLock theirs = waiting.result()) {
            assertThat(theirs.devices()).containsExactly(0, 1, 2);
            assertThat(holders(0)).extracting(DeviceInfo.LockHolder::eid).containsExactly("b");
        }
    }

    // ---- nested and concurrent -------------------------------------------------------------------------------------

    @Test
    void shouldShareOneHoldUntilTheLastIsClosed() throws Exception {
        both(gpus(3), gpus(3));
        DeviceLock outer = host.lock();
        DeviceLock inner = host.tryLock(LONG).orElseThrow();
        DeviceLock third = Background.start(host::lock).result();
        assertThat(inner.devices()).isEqualTo(outer.devices()).isEqualTo(third.devices());
        assertThat(holders(0)).hasSize(1);
        outer.close();
        outer.close();
        outer.close();
        inner.close();
        assertThat(other.tryLock()).as("the third is open").isEmpty();
        third.close();
        assertThat(other.tryLock()).isPresent();
    }

    @Test
    void shouldBeClosedByAnyThread() throws Exception {
        both(gpus(3), gpus(3));
        DeviceLock lock = Background.start(host::lock).result();
        assertThat(other.tryLock()).isEmpty();
        lock.close();
        DeviceLock second = host.lock();
        Background.start(() -> {
                    second.close();
                    return true;
                })
                .result();
        assertThat(other.tryLock()).isPresent();
    }

    @NotOnJson("shares")
    @Test
    void shouldGrantASharedLockWithinAnExclusiveOne() {
        both(shares("4g"), shares("4g"));
        DeviceLock outer = host.lock();
        DeviceLock inner = host.lock(LockMode.SHARE);
        assertThat(inner.devices()).containsExactly(0, 1, 2);
        outer.close();
        assertThat(other.tryLock(LockMode.SHARE)).as("still the whole device").isEmpty();
        inner.close();
        assertThat(other.tryLock(LockMode.SHARE)).isPresent();
    }

    @NotOnJson("shares")
    @Test
    void shouldRefuseAnExclusiveLockWithinASharedOne() {
        both(shares("4g"), shares("4g"));
        try (DeviceLock _ = host.lock(LockMode.SHARE)) {
            Refusal.on(host, GenvException.class, () -> host.lock(), "eid=a");
            Refusal.on(host, GenvException.class, () -> host.tryLock(), "eid=a");
            Refusal.on(host, GenvException.class, () -> host.tryLock(LONG), "eid=a");
            assertThat(host.tryLock(LockMode.SHARE)).hasValueSatisfying(DeviceLock::close);
        }
        assertThat(host.tryLock()).isPresent();
    }

    @Test
    void shouldExcludeOtherThreadsOfAnotherEnvironmentUnderLoad() throws Exception {
        both(gpus(3), gpus(3));
        AtomicInteger inside = new AtomicInteger();
        List<Background<Boolean>> runs = new ArrayList<>();
        for (GenvHost one : List.of(host, other)) {
            runs.add(Background.start(() -> {
                for (int i = 0; i < 200; i++) {
                    try (DeviceLock _ = one.lock()) {
                        if (inside.incrementAndGet() != 1) {
                            return false;
                        }
                        Thread.onSpinWait();
                        inside.decrementAndGet();
                    }
                }
                return true;
            }));
        }
        for (Background<Boolean> run : runs) {
            assertThat(run.result()).isTrue();
        }
    }

    // ---- shared ----------------------------------------------------------------------------------------------------

    @NotOnJson("shares")
    @Test
    void shouldRunThoseTogetherWhoseSharesFit(GenvHosts hosts) {
        both(shares("6g"), shares("10g"));
        GenvHost third = hosts.open();
        third.activate(ActivationRequest.of(shares("1")).eid("c").overSubscribed());
        DeviceLock mine = host.lock(LockMode.SHARE);
        DeviceLock theirs = other.lock(LockMode.SHARE);
        assertThat(holders(2))
                .extracting(holder -> holder.eid() + " " + holder.mode() + " "
                        + holder.share().orElseThrow())
                .containsExactlyInAnyOrder("a SHARE 6g", "b SHARE 10g");
        assertThat(third.tryLock(LockMode.SHARE)).as("one byte too much").isEmpty();
        assertThat(third.tryLock()).isEmpty();
        mine.close();
        assertThat(third.tryLock(LockMode.SHARE)).isPresent();
        assertThat(host.tryLock(LockMode.SHARE)).isEmpty();
        theirs.close();
        assertThat(host.tryLock(LockMode.SHARE)).isPresent();
    }

    @NotOnJson("shares")
    @Test
    void shouldTakeAllMemoryWithoutAShare() {
        both(gpus(3), shares("1g"));
        try (DeviceLock _ = host.lock(LockMode.SHARE)) {
            assertThat(other.tryLock(LockMode.SHARE)).isEmpty();
        }
        try (DeviceLock _ = other.lock(LockMode.SHARE)) {
            assertThat(host.tryLock(LockMode.SHARE)).isEmpty();
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldTellWhatASharedLockWaitsFor() throws Exception {
        both(shares("9g"), shares("9g"));
        DeviceLock mine = host.lock(LockMode.SHARE);
        Background<DeviceLock> waiting = Background.start(() -> other.lock(LockMode.SHARE));
        assertThat(Eventually.waiters(host, 0, 1).device(0).orElseThrow().waiters())
                .extracting(DeviceInfo.Waiter::waitsFor)
                .containsExactly(DeviceInfo.Wait.SHARED_LOCK);
        mine.close();
        waiting.result().close();
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldServeAnExclusiveWaiterBeforeLaterSharedOnes(GenvHosts hosts) throws Exception {
        both(shares("4g"), shares("4g"));
        GenvHost third = hosts.open();
        third.activate(ActivationRequest.of(shares("4g")).eid("c").overSubscribed());
        DeviceLock mine = host.lock(LockMode.SHARE);
        Background<DeviceLock> exclusive = Background.start(() -> other.lock());
        Eventually.waiters(host, 0, 1);
        assertThat(third.tryLock(LockMode.SHARE))
                .as("it would starve the other")
                .isEmpty();
        Background<DeviceLock> later = Background.start(() -> third.lock(LockMode.SHARE));
        Eventually.waiters(host, 0, 2);
        mine.close();
        DeviceLock theirs = exclusive.result();
        assertThat(later.isDone()).isFalse();
        theirs.close();
        later.result().close();
    }

    // ---- with a limit ----------------------------------------------------------------------------------------------

    @NotOnJson("waiting in a queue")
    @Test
    void shouldGiveUpWhenTheTimeIsOver() throws Exception {
        both(gpus(3), gpus(3));
        try (DeviceLock _ = host.lock()) {
            assertThat(other.tryLock(Duration.ZERO)).isEmpty();
            assertThat(other.tryLock(Duration.ofMillis(20))).isEmpty();
            assertThat(other.tryLock(LockMode.SHARE, Duration.ofNanos(1))).isEmpty();
            assertThat(host.snapshot().device(0).orElseThrow().waiters()).isEmpty();
        }
        assertThat(other.tryLock(Duration.ZERO)).isPresent();
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldGetItWithinTheTime() throws Exception {
        both(gpus(3), gpus(3));
        DeviceLock held = host.lock();
        Background<Optional<DeviceLock>> waiting =
                Background.start(() -> other.tryLock(Duration.ofSeconds(Long.MAX_VALUE))); // as long as it takes
        Eventually.waiters(host, 0, 1);
        held.close();
        assertThat(waiting.result()).isPresent();
    }

    @Test
    void shouldRefuseANegativeLimit() {
        Refusal.on(
                host,
                IllegalArgumentException.class,
                () -> host.tryLock(Duration.ofNanos(-1)),
                "limit=" + Duration.ofNanos(-1));
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldEndALimitedWaitWhenInterrupted() throws Exception {
        both(gpus(3), gpus(3));
        try (DeviceLock _ = host.lock()) {
            Background<Boolean> waiting = Background.start(() -> {
                assertThatThrownBy(() -> other.tryLock(LONG)).isInstanceOf(InterruptedException.class);
                return true;
            });
            Eventually.waiters(host, 0, 1);
            waiting.interrupt();
            assertThat(waiting.result()).isTrue();
            assertThat(host.snapshot().device(0).orElseThrow().waiters()).isEmpty();
            Background<Boolean> before = Background.start(() -> {
                Thread.currentThread().interrupt();
                assertThatThrownBy(() -> other.tryLock(Duration.ZERO)).isInstanceOf(InterruptedException.class);
                return true;
            });
            assertThat(before.result()).isTrue();
        }
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldNotEndAnUnlimitedWaitWhenInterrupted() throws Exception {
        both(gpus(3), gpus(3));
        DeviceLock held = host.lock();
        Background<Boolean> waiting = Background.start(() -> {
            try (DeviceLock lock = other.lock()) {
                assertThat(lock.devices()).hasSize(3);
                return Thread.currentThread().isInterrupted();
            }
        });
        Eventually.waiters(host, 0, 1);
        waiting.interrupt();
        assertThat(host.snapshot().device(0).orElseThrow().waiters()).hasSize(1);
        assertThat(waiting.isDone()).isFalse();
        held.close();
        assertThat(waiting.result()).as("interrupt status").isTrue();
    }

    // ---- devices that come later -----------------------------------------------------------------------------------

    @Test
    void shouldAddDevicesThatCameSince() {
        both(gpus(1), gpus(3));
        DeviceLock outer = host.lock();
        assertThat(outer.devices()).containsExactly(0);
        host.attach(DeviceRequest.index(2).overSubscribed());
        assertThat(holders(2)).as("attaching alone locks nothing").isEmpty();
        DeviceLock inner = host.lock();
        assertThat(inner.devices()).containsExactly(0, 2);
        assertThat(holders(2)).hasSize(1);
        inner.close();
        outer.close();
        assertThat(other.tryLock()).isPresent();
    }

    @NotOnJson("shares")
    @Test
    void shouldRefuseWhatCannotBeAddedAtOnce(GenvHosts hosts) {
        both(gpus(1), gpus(1)); // a has 0, b has 1
        DeviceLock theirs = other.lock();
        try (DeviceLock outer = host.lock()) {
            host.attach(DeviceRequest.index(1).overSubscribed());
            Refusal.on(host, GenvException.class, () -> host.lock(), "eid=a", "1");
            Refusal.on(host, GenvException.class, () -> host.lock(LockMode.SHARE), "eid=a");
            assertThat(host.tryLock()).isEmpty();
            theirs.close();
            try (DeviceLock inner = host.lock()) {
                assertThat(inner.devices()).containsExactly(0, 1);
            }
            assertThat(outer.devices()).containsExactly(0);
        }
        assertThat(holders(0)).isEmpty();
        assertThat(holders(1)).isEmpty();
    }

    @Test
    void shouldNotWaitForWhatCannotBeAddedAtOnce() throws Exception {
        both(gpus(1), gpus(1)); // a has 0, b has 1
        try (DeviceLock _ = other.lock();
                DeviceLock _ = host.lock()) {
            host.attach(DeviceRequest.index(1).overSubscribed());
            assertThat(host.tryLock()).isEmpty();
            assertThat(host.tryLock(LONG)).isEmpty();
            assertThat(host.tryLock(Duration.ofSeconds(Long.MAX_VALUE))).isEmpty();
            Refusal.on(host, GenvException.class, () -> host.lock(), "eid=a", "1");
        }
    }

    // ---- the end ---------------------------------------------------------------------------------------------------

    @Test
    void shouldEndWithTheEnvironment() {
        List<Activation> activations = both(gpus(3), gpus(3));
        DeviceLock lock = host.lock();
        activations.getFirst().close();
        assertThat(other.tryLock()).hasValueSatisfying(DeviceLock::close);
        lock.close();
        host.activate(ActivationRequest.of(gpus(3)).eid("a").overSubscribed());
        try (DeviceLock fresh = host.lock()) {
            lock.close();
            assertThat(fresh.devices()).hasSize(3);
            assertThat(other.tryLock())
                    .as("an old lock releases nothing of a new one")
                    .isEmpty();
        }
    }

    @Test
    void shouldEndWhenThisProcessLeavesThoughOthersStay(GenvHosts hosts) {
        List<Activation> activations = both(gpus(3), gpus(3));
        GenvHost member = hosts.open();
        member.activate(ActivationRequest.of(EnvConfig.empty()).eid("a"));
        DeviceLock lock = host.lock();
        assertThat(member.tryLock()).as("members exclude each other").isEmpty();
        activations.getFirst().close();
        assertThat(member.tryLock()).hasValueSatisfying(DeviceLock::close);
        lock.close();
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldServeAWaiterWhenTheHolderLeaves() throws Exception {
        List<Activation> activations = both(gpus(3), gpus(3));
        DeviceLock _ = host.lock();
        Background<DeviceLock> waiting = Background.start(other::lock);
        Eventually.waiters(host, 0, 1);
        activations.getFirst().close();
        assertThat(waiting.result().devices()).hasSize(3);
    }

    @NotOnJson("shares")
    @Test
    void shouldKeepTheShareThatWasLockedWhenItIsConfiguredAnew() {
        both(shares("6g"), shares("10g"));
        try (DeviceLock _ = host.lock(LockMode.SHARE)) {
            host.configure(shares("2g"));
            assertThat(holders(0))
                    .singleElement()
                    .satisfies(holder -> assertThat(holder.share()).contains(MemorySize.parse("6g")));
            assertThat(other.tryLock(LockMode.SHARE)).hasValueSatisfying(DeviceLock::close);
        }
    }

    @NotOnJson("shares")
    @Test
    void shouldGrowWithTheShareThatIsConfiguredMeanwhile() {
        both(shares("6g"), shares("8g"));
        DeviceLock outer = host.lock(LockMode.SHARE);
        host.configure(shares("9g"));
        assertThat(holders(0))
                .singleElement()
                .satisfies(holder -> assertThat(holder.share()).contains(MemorySize.parse("9g")));
        DeviceLock inner = host.lock(LockMode.SHARE);
        assertThat(other.tryLock(LockMode.SHARE)).as("9g and 8g of 16g").isEmpty();
        outer.close();
        assertThat(other.tryLock(LockMode.SHARE)).isEmpty();
        inner.close();
        assertThat(other.tryLock(LockMode.SHARE)).isPresent();
    }

    @NotOnJson("shares")
    @Test
    void shouldRefuseAShareThatALockCannotGrowTo(GenvHosts hosts) {
        both(shares("6g"), shares("8g"));
        GenvHost member = hosts.open();
        DeviceLock mine = host.lock(LockMode.SHARE);
        try (DeviceLock _ = other.lock(LockMode.SHARE)) {
            Refusal.on(
                    host, DevicesUnavailableException.class, () -> host.configure(shares("9g")), "eid=a", "6g", "9g");
            Refusal.on(host, DevicesUnavailableException.class, () -> host.configure(gpus(3)), "eid=a", "6g", "whole");
            Refusal.on(
                    host,
                    DevicesUnavailableException.class,
                    () -> member.activate(ActivationRequest.of(shares("9g")).eid("a")),
                    "eid=a");
            host.configure(shares("8g"));
        }
        member.activate(ActivationRequest.of(EnvConfig.empty()).eid("a"));
        DeviceLock members = member.lock(LockMode.SHARE);
        Refusal.on(host, DevicesUnavailableException.class, () -> member.configure(shares("9g")), "eid=a", "8g");
        mine.close();
        member.configure(shares("9g"));
        assertThat(other.tryLock(LockMode.SHARE)).isEmpty();
        members.close();
    }

    @Test
    void shouldServeManyWaitersEachOnce(GenvHosts hosts) throws Exception {
        both(gpus(3), gpus(3));
        int waiters = 40;
        DeviceLock held = host.lock();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Background<Boolean>> waiting = new ArrayList<>();
        for (int i = 0; i < waiters; i++) {
            String eid = "w" + i;
            waiting.add(Background.start(() -> {
                ActivationRequest request =
                        ActivationRequest.of(gpus(3)).eid(eid).overSubscribed();
                return host.call(request, () -> {
                    try (DeviceLock _ = host.lock()) {
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        Thread.onSpinWait();
                        inside.decrementAndGet();
                        return true;
                    }
                });
            }));
        }
        Eventually.snapshot(host, "all are there", s -> s.envs().size() == waiters + 2);
        held.close();
        for (Background<Boolean> one : waiting) {
            assertThat(one.result()).isTrue();
        }
        assertThat(most).hasValue(1);
    }
}
