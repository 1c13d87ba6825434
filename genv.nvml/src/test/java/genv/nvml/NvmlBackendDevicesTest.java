// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.nvml.binding.NvmlAbi;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is listed, how it is numbered, and what is left out. */
class NvmlBackendDevicesTest {
    @Test
    void shouldListEveryFactWhenADriverKnowsAll() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.domain = 1;
        gpu.bus = 0xAB;
        gpu.device = 2;
        gpu.minorNumber = 6;
        gpu.numaNodes = 0b1000;
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.availability()).isInstanceOf(Availability.Available.class);
            Device device = backend.devices().getFirst();
            assertThat(device.index()).isZero();
            assertThat(device.uuid()).isEqualTo(gpu.uuid);
            assertThat(device.name()).contains("NVIDIA Fake 80GB");
            assertThat(device.totalMemory()).contains(MemorySize.ofBytes(80 * FakeDevice.GIB));
            assertThat(device.pciBusId()).contains("00000001:AB:02.0");
            assertThat(device.minorNumber()).hasValue(6);
            assertThat(device.computeCapability()).contains("9.0");
            assertThat(device.numaNode()).hasValue(3);
            assertThat(device.migEnabled()).contains(false);
            assertThat(device.parentUuid()).isEmpty();
            assertThat(device.visibleName()).isEmpty();
            assertThat(backend.faults()).isEmpty();
        }
    }

    @Test
    void shouldNumberInPciOrderWhenNvmlListsInAnother() {
        FakeDevice last = new FakeDevice(0);
        last.domain = 0xFFFFFFFF;
        FakeDevice second = new FakeDevice(1);
        second.bus = 0xF0;
        FakeDevice first = new FakeDevice(2);
        first.bus = 0x02;
        try (FakeNvml nvml = new FakeNvml(last, second, first);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::uuid).containsExactly(first.uuid, second.uuid, last.uuid);
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 1, 2);
        }
    }

    @Test
    void shouldListAllWhenThereAre64() {
        FakeDevice[] gpus = IntStream.range(0, 64).mapToObj(FakeDevice::new).toArray(FakeDevice[]::new);
        try (FakeNvml nvml = new FakeNvml(gpus);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices())
                    .extracting(Device::index)
                    .containsExactlyElementsOf(IntStream.range(0, 64).boxed().toList());
            assertThat(backend.sample(63).memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
        }
    }

    @Test
    void shouldLeaveOutWhatAPartDoesNotSupport() {
        FakeDevice gpu = new FakeDevice(0);
        for (String function : List.of(
                "nvmlDeviceGetMemoryInfo",
                "nvmlDeviceGetMinorNumber",
                "nvmlDeviceGetCudaComputeCapability",
                "nvmlDeviceGetMemoryAffinity",
                "nvmlDeviceGetMigMode",
                "nvmlDeviceGetPciInfo",
                "nvmlDeviceGetName")) {
            gpu.failing(function, NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        }
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            Device device = backend.devices().getFirst();
            assertThat(device.uuid()).isEqualTo(gpu.uuid);
            assertThat(device.name()).isEmpty();
            assertThat(device.totalMemory()).isEmpty();
            assertThat(device.pciBusId()).isEmpty();
            assertThat(device.minorNumber()).isEmpty();
            assertThat(device.computeCapability()).isEmpty();
            assertThat(device.numaNode()).isEmpty();
            assertThat(device.migEnabled()).isEmpty();
            assertThat(backend.faults()).isEmpty();
        }
    }

    @Test
    void shouldLeaveOutMemoryAndNumaNodeWhenTheyAreZero() {
        FakeDevice unified = new FakeDevice(0);
        unified.total = 0;
        unified.numaNodes = 0;
        try (FakeNvml nvml = new FakeNvml(unified);
                NvmlBackend backend = nvml.backend()) {
            Device device = backend.devices().getFirst();
            assertThat(device.totalMemory()).isEmpty();
            assertThat(device.numaNode()).isEmpty();
            assertThat(backend.sample(0).memoryUsed()).isEmpty();
        }
    }

    @Test
    void shouldNameADeviceByItsAddressWhenItHasNoUuid() {
        FakeDevice gpu = new FakeDevice(0).failing("nvmlDeviceGetUUID", NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices().getFirst().uuid()).isEqualTo("PCI-00000000:10:00.0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo"})
    void shouldMakeTheAddressFromTheNumbersWhereOlderVersionsHaveReservedWords(String newest) {
        FakeDevice gpu = new FakeDevice(0);
        gpu.domain = 2;
        try (FakeNvml nvml = new FakeNvml(gpu).without("nvmlDeviceGetPciInfo_v3");
                NvmlBackend backend = newest.endsWith("_v2")
                        ? nvml.backend()
                        : nvml.without("nvmlDeviceGetPciInfo_v2").backend()) {
            assertThat(backend.devices().getFirst().pciBusId()).contains("00000002:10:00.0");
        }
    }

    @Test
    void shouldTakeTheMigModeOfNowAndNotTheOneAfterTheNextReset() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.migPending = true;
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices().getFirst().migEnabled()).contains(false);
            assertThat(backend.devices().getFirst().uuid()).isEqualTo(gpu.uuid);
        }
    }

    @Test
    void shouldReadANumaNodeBeyondTheFirst64() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.numaWord = 2;
        gpu.numaNodes = 0b101000;
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices().getFirst().numaNode()).hasValue(2 * 64 + 3);
        }
    }

    @Test
    void shouldCallTheNewestVersionThatIsThere() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            // The older one does not count devices that are forbidden, so that the others would move up.
            assertThat(nvml.called).containsExactly("nvmlDeviceGetCount_v2");
        }
    }

    @Test
    void shouldNotTakeAUuidThatCouldNotStandInAList() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.uuid = "GPU-1,GPU-2";
        try (FakeNvml nvml = new FakeNvml(gpu, new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(2);
            assertThat(backend.devices().getFirst().uuid()).isEqualTo("PCI-00000000:10:00.0");
        }
    }

    @Test
    void shouldReportADeviceThatHasTheUuidOfAnother() {
        FakeDevice twin = new FakeDevice(1);
        twin.uuid = new FakeDevice(0).uuid;
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), twin, new FakeDevice(2));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 2);
            assertThat(backend.faults()).singleElement().satisfies(fault -> {
                assertThat(fault.device()).isEqualTo("00000000:11:00.0");
                assertThat(fault.reason()).contains(twin.uuid);
            });
        }
    }

    @Test
    void shouldNameALaterDeviceByUuidWhereTheOthersAre() {
        FakeDevice forbidden = new FakeDevice(1);
        forbidden.failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_NO_PERMISSION());
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), forbidden, new FakeDevice(2));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(2);
            forbidden.codes.clear();
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 1, 2);
            assertThat(backend.devices())
                    .allSatisfy(device -> assertThat(device.visibleName()).contains(device.uuid()));
        }
    }

    @Test
    void shouldReadTextsThatFillTheirBuffer() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.uuid = "GPU-" + "u".repeat(92);
        gpu.name = "n".repeat(96);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            Device device = backend.devices().getFirst();
            assertThat(device.uuid()).isEqualTo(gpu.uuid);
            assertThat(device.name()).contains(gpu.name);
        }
    }

    @Test
    void shouldAskAgainWhenNvmlCallsTheBufferTooSmall() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.name = "n".repeat(700);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            nvml.textLimit = 700;
            assertThat(backend.devices().getFirst().name()).contains(gpu.name);
        }
    }

    @Test
    void shouldReadANameThatIsNotUtf8() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.name = "Täsla \u2122";
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices().getFirst().name()).contains("Täsla \u2122");
        }
    }

    @Test
    void shouldListInstancesInPlaceOfTheirGpuWhenItIsInMigMode() {
        FakeDevice plain = new FakeDevice(0);
        FakeDevice divided = new FakeDevice(1);
        divided.instance(0, "MIG-a", 10 * FakeDevice.GIB);
        divided.instance(3, "MIG-b", 20 * FakeDevice.GIB);
        FakeDevice behind = new FakeDevice(2);
        try (FakeNvml nvml = new FakeNvml(plain, divided, behind);
                NvmlBackend backend = nvml.backend()) {
            List<Device> devices = backend.devices();
            assertThat(devices).extracting(Device::uuid).containsExactly(plain.uuid, "MIG-a", "MIG-b", behind.uuid);
            assertThat(devices).extracting(Device::index).containsExactly(0, 1, 2, 3);
            Device instance = devices.get(2);
            assertThat(instance.parentUuid()).contains(divided.uuid);
            assertThat(instance.migEnabled()).contains(true);
            assertThat(instance.name()).contains("NVIDIA Fake MIG");
            assertThat(instance.totalMemory()).contains(MemorySize.ofBytes(20 * FakeDevice.GIB));
            assertThat(instance.pciBusId()).contains("00000000:11:00.0");
            assertThat(instance.computeCapability()).contains("9.0");
            // CUDA's numbers leave out what ours have, so that each device is named by its UUID.
            assertThat(devices)
                    .extracting(device -> device.visibleName().orElseThrow())
                    .containsExactly(plain.uuid, "MIG-a", "MIG-b", behind.uuid);
            assertThat(backend.sample(2).memoryUsed()).contains(MemorySize.ofBytes(5 + FakeDevice.GIB));
        }
    }

    @Test
    void shouldTakeTheMemoryOfAnInstanceFromItsAttributesWhenItMayNotBeAskedFor() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.instance(0, "MIG-a", 10 * FakeDevice.GIB)
                .failing("nvmlDeviceGetMemoryInfo", NvmlAbi.NVML_ERROR_NO_PERMISSION());
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices().getFirst().totalMemory()).contains(MemorySize.ofBytes(10 * FakeDevice.GIB));
        }
    }

    @Test
    void shouldReportAGpuInMigModeThatHasNoInstance() {
        FakeDevice empty = new FakeDevice(0);
        empty.mig = true;
        FakeDevice plain = new FakeDevice(1);
        try (FakeNvml nvml = new FakeNvml(empty, plain);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::uuid).containsExactly(plain.uuid);
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0);
            assertThat(backend.devices().getFirst().visibleName()).contains(plain.uuid);
            assertThat(backend.faults()).singleElement().satisfies(fault -> {
                assertThat(fault.device()).isEqualTo("00000000:10:00.0");
                assertThat(fault.reason()).contains("mig mode", empty.uuid, "nvidia-smi mig");
            });
        }
    }

    @Test
    void shouldKeepTheIndexOfEachInstanceWhenTheirHandlesAreExchanged() {
        FakeDevice gpu = new FakeDevice(0);
        FakeDevice a = gpu.instance(0, "MIG-a", 10 * FakeDevice.GIB);
        FakeDevice b = gpu.instance(1, "MIG-b", 10 * FakeDevice.GIB);
        a.temperature = 11;
        b.temperature = 22;
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            List<Device> before = backend.devices();
            gpu.instances.put(0, b);
            gpu.instances.put(1, a);
            assertThat(backend.sample(0).temperature()).hasValue(11);
            assertThat(backend.sample(1).temperature()).hasValue(22);
            assertThat(backend.devices()).isEqualTo(before);
        }
    }

    @Test
    void shouldNotGiveTheIndexOfAnInstanceToItsSuccessor() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.instance(0, "MIG-a", 10 * FakeDevice.GIB);
        try (FakeNvml nvml = new FakeNvml(gpu, new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 1);
            gpu.instance(0, "MIG-new", 10 * FakeDevice.GIB);
            assertThatThrownBy(() -> backend.sample(0))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("index=0")
                    .hasMessageContaining("MIG-a");
            assertThat(backend.devices()).extracting(Device::index).containsExactly(1, 2);
            assertThat(backend.devices().getLast().visibleName()).contains("MIG-new");
            assertThat(backend.faults()).singleElement().satisfies(fault -> {
                assertThat(fault.device()).isEqualTo("index=0");
                assertThat(fault.reason()).contains("no longer there", "MIG-a");
            });
        }
    }

    @Test
    void shouldBeUnavailableWhenThereIsNoDevice() {
        try (FakeNvml nvml = new FakeNvml();
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.availability())
                    .isInstanceOfSatisfying(
                            Availability.Unavailable.class,
                            unavailable ->
                                    assertThat(unavailable.reason()).contains("no nvidia device", "library=fake"));
            assertThat(nvml.shutdowns).hasValue(1);
        }
    }

    @Test
    void shouldBeUnavailableWhenCountingSaysThatThereIsNoDevice() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            nvml.countCode = NvmlAbi.NVML_ERROR_GPU_NOT_FOUND();
            assertThat(backend.availability()).isInstanceOf(Availability.Unavailable.class);
            assertThat(nvml.shutdowns).hasValue(1);
        }
    }

    @Test
    void shouldNotTouchNvmlBeforeItIsAsked() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0))) {
            try (NvmlBackend backend = nvml.backend()) {
                assertThat(backend.id()).isEqualTo("nvml");
                assertThat(backend.onRequestOnly()).isFalse();
                assertThat(backend.visibilityVariable()).isEqualTo("CUDA_VISIBLE_DEVICES");
            }
            assertThat(nvml.inits).hasValue(0);
            assertThat(nvml.calls).hasValue(0);
            assertThat(nvml.shutdowns).hasValue(0);
        }
    }

    @Test
    void shouldListEachFactOfADriverOf2018() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.bus = 0x3B;
        try (FakeNvml nvml = new FakeNvml(gpu).withOnly(FakeNvml.NAMES_OF_2018);
                NvmlBackend backend = nvml.backend()) {
            // Every name of 2018 is one that the fake knows, or the test would prove less than it says.
            assertThat(nvml.functions()).containsExactlyInAnyOrderElementsOf(FakeNvml.NAMES_OF_2018);
            Device device = backend.devices().getFirst();
            assertThat(device.uuid()).isEqualTo(gpu.uuid);
            assertThat(device.pciBusId()).contains("00000000:3B:00.0");
            assertThat(device.totalMemory()).contains(MemorySize.ofBytes(80 * FakeDevice.GIB));
            assertThat(device.computeCapability()).contains("9.0");
            assertThat(device.minorNumber()).hasValue(0);
            assertThat(device.migEnabled()).isEqualTo(Optional.empty());
            assertThat(device.numaNode()).isEmpty();
        }
    }
}
