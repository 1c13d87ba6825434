// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.BackendException;
import genv.api.GenvException;
import genv.api.GenvOptions;
import genv.api.MemorySize;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import genv.core.variables.MemoryVariables;
import genv.core.variables.VisibleDevices;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTableTest {
    private static final int LIMIT = 128;

    @Test
    void shouldListDevicesByIndexWhenBackendDelivers() {
        DeviceTable table = table(device(2), device(0), device(1));

        assertThat(table.devices()).extracting(Device::index).containsExactly(0, 1, 2);
        assertThat(table.allDevices()).isEqualTo(table.devices());
        assertThat(table.count()).isEqualTo(3);
        assertThat(table.device(1).uuid()).isEqualTo("GPU-1");
        assertThat(table.devices(List.of(2, 0))).extracting(Device::index).containsExactly(2, 0);
        assertThat(table.backendId()).isEqualTo("fake");
        assertThat(table.visibilityVariable()).isEqualTo("CUDA_VISIBLE_DEVICES");
        assertThat(table.visible()).isEqualTo(VisibleDevices.all());
    }

    @Test
    void shouldNotChangeWhenBackendsListChanges() {
        List<Device> devices = new ArrayList<>(List.of(device(0)));
        DeviceTable table = DeviceTable.of(FakeBackend.listing(devices), LIMIT);

        devices.add(device(1));

        assertThat(table.count()).isEqualTo(1);
        assertThatThrownBy(() -> table.devices().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> table.allDevices().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void shouldGiveMemoryInBytesWhenBackendSaysIt() {
        DeviceTable table = table(
                Device.builder(0, "GPU-0").totalMemory(MemorySize.ofBytes(42)).build(), device(1));

        assertThat(table.totalMemory(0)).isEqualTo(OptionalLong.of(42));
        assertThat(table.totalMemory(1)).isEmpty();
        assertThat(table.totalMemory(7)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void shouldNameWhatThereIsWhenIndexIsUnknown(int index) {
        FakeBackend backend = FakeBackend.listing(List.of(device(0), device(1)));
        backend.faults = () -> List.of(new DeviceFault("0000:03:00.0", "lost"));
        DeviceTable table = DeviceTable.of(backend, LIMIT);

        assertThat(table.find(index)).isEmpty();
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> table.device(index))
                .withMessageContaining("index=" + index + ", devices=[0, 1], backend=fake")
                .withMessageContaining("0000:03:00.0")
                .withMessageContaining("lost");
    }

    @Test
    void shouldHideDevicesWhenRestricted() {
        DeviceTable all = table(device(0), device(1), device(2));
        VisibleDevices visible = VisibleDevices.parse("CUDA_VISIBLE_DEVICES", Optional.of("2,0"), all.allDevices());

        DeviceTable table = all.restrictedTo(visible);

        assertThat(table.devices()).extracting(Device::index).containsExactly(0, 2);
        assertThat(table.count()).isEqualTo(2);
        assertThat(table.allDevices()).hasSize(3);
        assertThat(table.find(1)).isPresent();
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> table.device(1))
                .withMessageContaining(
                        "not visible to this process: index=1, CUDA_VISIBLE_DEVICES=2,0, visible=[0, 2]");
        assertThatExceptionOfType(GenvException.class).isThrownBy(() -> table.devices(List.of(0, 1)));
        assertThat(table.restrictedTo(VisibleDevices.all()).count()).isEqualTo(3);
        assertThat(all.count()).isEqualTo(3);
    }

    @Test
    void shouldTakeAsManyDevicesAsTheFormatHasRoomFor() {
        assertThat(DeviceTable.of(FakeBackend.listing(devices(LIMIT)), LIMIT).count())
                .isEqualTo(LIMIT);
        assertBlamed(devices(LIMIT + 1), "too many devices: backend=fake, devices=129, limit=128");
    }

    @Test
    void shouldBlameBackendWhenDevicesBreakTheContract() {
        assertBlamed(
                List.of(device(LIMIT)), "an index that the state has no room for: backend=fake, index=128, limit=128");
        assertBlamed(List.of(device(1), Device.builder(1, "GPU-x").build()), "an index twice: backend=fake, index=1");
        assertBlamed(
                List.of(device(1), Device.builder(2, "GPU-1").build()),
                "a UUID twice: backend=fake, uuid=GPU-1, indices=[1, 2]");
    }

    @Test
    @SuppressWarnings("NullAway") // what a backend that is compiled without checks can do
    void shouldBlameBackendWhenItReturnsNull() {
        assertBlamed(Collections.singletonList(null), "a null device: backend=fake");
        assertBlamed(null, "method=devices()");
        FakeBackend faults = FakeBackend.listing(List.of());
        faults.faults = () -> Collections.singletonList(null);
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(() -> DeviceTable.of(faults, LIMIT))
                .withMessageContaining("a null fault: backend=fake");
    }

    @Test
    void shouldBlameBackendWhenItThrows() {
        FakeBackend backend = FakeBackend.usable("fake");
        IllegalStateException failure = new IllegalStateException("boom");
        backend.devices = () -> {
            throw failure;
        };

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(() -> DeviceTable.of(backend, LIMIT))
                .withMessageContaining("method=devices()")
                .withMessageContaining("boom")
                .withCause(failure);
    }

    @Test
    void shouldPassOnItsOwnExplanationWhenBackendGivesOne() {
        FakeBackend backend = FakeBackend.usable("fake");
        BackendException failure = new BackendException("driver and library differ");
        backend.devices = () -> {
            throw failure;
        };

        assertThatThrownBy(() -> DeviceTable.of(backend, LIMIT)).isSameAs(failure);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "A=B", "A\0"})
    void shouldBlameBackendWhenVisibilityVariableCannotExist(String name) {
        FakeBackend backend = FakeBackend.usable("fake");
        backend.visibilityVariable = () -> name;

        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(() -> DeviceTable.of(backend, LIMIT))
                .withMessageContaining("a visibility variable that cannot exist: backend=fake");
    }

    @Test
    void shouldReadOnceAndKeepWhenHostNeedsDevicesOften() {
        FakeBackend backend = FakeBackend.usable("fake");
        int[] reads = {0};
        backend.devices = () -> devices(++reads[0]);
        HostDevices host = hostDevices(backend);
        assertThat(host.known()).isEmpty();
        assertThat(reads[0]).isZero();

        DeviceTable first = host.table();

        assertThat(host.table()).isSameAs(first);
        assertThat(host.known()).containsSame(first);
        assertThat(reads[0]).isEqualTo(1);
        assertThat(host.refresh().count()).isEqualTo(2);
        assertThat(host.table().count()).isEqualTo(2);
        assertThat(first.count()).isEqualTo(1);
    }

    @Test
    void shouldKeepKnownTableWhenRefreshFails() {
        FakeBackend backend = FakeBackend.usable("fake");
        backend.devices = () -> devices(2);
        HostDevices host = hostDevices(backend);
        DeviceTable known = host.table();
        backend.devices = () -> {
            throw new BackendException("driver is being reloaded");
        };

        assertThatExceptionOfType(BackendException.class).isThrownBy(host::refresh);

        assertThat(host.table()).isSameAs(known);
    }

    @Test
    void shouldReadAgainWhenFirstReadFailed() {
        FakeBackend backend = FakeBackend.usable("fake");
        backend.devices = () -> {
            throw new BackendException("driver is being reloaded");
        };
        HostDevices host = hostDevices(backend);
        assertThatExceptionOfType(BackendException.class).isThrownBy(host::table);

        backend.devices = () -> devices(2);

        assertThat(host.table().count()).isEqualTo(2);
    }

    @Test
    void shouldReadAgainOnceWhenTableIsTooOldToGiveDevicesOutBy() {
        FakeBackend backend = FakeBackend.usable("fake");
        AtomicInteger reads = new AtomicInteger();
        backend.devices = () -> devices(3 - reads.getAndIncrement());
        AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // nanoTime may overflow
        HostDevices host = new HostDevices(selector(backend), LIMIT, now::get);

        assertThat(host.recent().count()).isEqualTo(3);
        now.addAndGet(HostDevices.RECENT.toNanos() - 1);
        assertThat(host.recent().count()).isEqualTo(3);
        now.incrementAndGet();
        assertThat(host.table().count()).isEqualTo(3);
        assertThat(host.recent().count()).isEqualTo(2);
        assertThat(host.recent().count()).isEqualTo(2);
        assertThat(host.table().count()).isEqualTo(2);
    }

    @Test
    void shouldKeepOldTableWhenBackendFailsToRenewItAndNotAskAtEveryOperation() {
        FakeBackend backend = FakeBackend.usable("fake");
        backend.devices = () -> devices(2);
        AtomicLong now = new AtomicLong();
        HostDevices host = new HostDevices(selector(backend), LIMIT, now::get);
        DeviceTable known = host.recent();
        AtomicInteger asked = new AtomicInteger();
        backend.devices = () -> {
            asked.incrementAndGet();
            throw new BackendException("driver is being reloaded");
        };

        now.addAndGet(HostDevices.RECENT.toNanos());
        assertThat(host.recent()).isSameAs(known);
        assertThat(host.recent()).isSameAs(known);
        assertThat(asked).hasValue(1);
        now.addAndGet(HostDevices.RECENT.toNanos());
        assertThat(host.recent()).isSameAs(known);
        assertThat(asked).hasValue(2);
    }

    @Test
    void shouldNotWaitForTheThreadThatReadsAgain() throws Exception {
        FakeBackend backend = FakeBackend.usable("fake");
        backend.devices = () -> devices(2);
        AtomicLong now = new AtomicLong();
        HostDevices host = new HostDevices(selector(backend), LIMIT, now::get);
        DeviceTable known = host.recent();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        backend.devices = () -> {
            inside.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return devices(1);
        };
        now.addAndGet(HostDevices.RECENT.toNanos());
        Thread slow = Thread.ofPlatform().start(host::recent);
        inside.await();

        assertThat(host.recent()).isSameAs(known);

        goOn.countDown();
        slow.join();
        assertThat(host.recent().count()).isEqualTo(1);
    }

    private static HostDevices hostDevices(FakeBackend backend) {
        return new HostDevices(selector(backend), LIMIT);
    }

    private static BackendSelector selector(FakeBackend backend) {
        return BackendSelector.of(GenvOptions.builder().backend(backend).build(), new MemoryVariables());
    }

    private static void assertBlamed(List<Device> devices, String message) {
        assertThatExceptionOfType(BackendException.class)
                .isThrownBy(() -> DeviceTable.of(FakeBackend.listing(devices), LIMIT))
                .withMessageContaining(message);
    }

    private static DeviceTable table(Device... devices) {
        return DeviceTable.of(FakeBackend.listing(List.of(devices)), LIMIT);
    }

    private static List<Device> devices(int count) {
        return IntStream.range(0, count).mapToObj(DeviceTableTest::device).toList();
    }

    private static Device device(int index) {
        return Device.builder(index, "GPU-" + index).build();
    }
}
