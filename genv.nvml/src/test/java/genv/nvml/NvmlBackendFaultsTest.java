// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import genv.nvml.binding.NvmlAbi;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One lost or forbidden device among others. */
class NvmlBackendFaultsTest {
    private static final FakeDevice[] NONE = {};

    private static FakeDevice[] three(FakeDevice middle) {
        return new FakeDevice[] {new FakeDevice(0), middle, new FakeDevice(2)};
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 11, 15, 16, 17, 28, 999, 4711})
    void shouldKeepTheOthersAndTheirNumbersWhenADeviceCannotBeOpened(int code) {
        FakeDevice bad = new FakeDevice(1).failing("nvmlDeviceGetHandleByIndex", code);
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 2);
            assertThat(backend.devices())
                    .allSatisfy(device -> assertThat(device.visibleName()).contains(device.uuid()));
            assertThat(backend.faults()).singleElement().satisfies(fault -> {
                assertThat(fault.device()).isEqualTo("index=1");
                assertThat(fault.reason()).contains("code=" + code);
            });
            assertThat(backend.sample(2).memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
            assertThatThrownBy(() -> backend.sample(1))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("index=1")
                    .hasMessageContaining("code=" + code);
            assertThat(nvml.inits).hasValue(1);
        }
    }

    @Test
    void shouldSayWhatToDoWhenADeviceIsForbidden() {
        FakeDevice bad = new FakeDevice(1).failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_NO_PERMISSION());
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(2);
            assertThat(backend.faults().getFirst().reason())
                    .contains("not permitted", "NVML_ERROR_NO_PERMISSION", "/dev");
        }
    }

    @Test
    void shouldNameALostDeviceByItsAddressWhenThatIsStillKnown() {
        FakeDevice bad = new FakeDevice(1).failing("nvmlDeviceGetUUID", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 2);
            assertThat(backend.faults()).extracting(DeviceFault::device).containsExactly("00000000:11:00.0");
        }
    }

    @Test
    void shouldReportADeviceThatAnswersNothing() {
        FakeDevice bad = new FakeDevice(1).failing("*", NvmlAbi.NVML_ERROR_UNKNOWN());
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 2);
            assertThat(backend.faults())
                    .singleElement()
                    .satisfies(fault -> assertThat(fault.reason()).contains("code=999"));
        }
    }

    @Test
    void shouldNotUseAHandleThatIsNull() {
        FakeDevice bad = new FakeDevice(1);
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            nvml.givesNullHandleFor = bad;
            assertThat(backend.devices()).extracting(Device::index).containsExactly(0, 2);
            assertThat(backend.faults()).hasSize(1);
        }
    }

    @Test
    void shouldReportADeviceThatIsLostLaterAndDropTheReportWhenItComesBack() {
        FakeDevice bad = new FakeDevice(1);
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(3);
            assertThat(backend.faults()).isEmpty();
            bad.failing("*", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
            assertThatThrownBy(() -> backend.sample(1))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("index=1")
                    .hasMessageContaining(bad.uuid)
                    .hasMessageContaining("NVML_ERROR_GPU_IS_LOST")
                    .hasMessageContaining("reset");
            assertThat(backend.faults()).extracting(DeviceFault::device).containsExactly("00000000:11:00.0");
            assertThat(backend.sample(0).temperature()).hasValue(55);
            assertThat(nvml.inits).hasValue(1);
            bad.codes.clear();
            assertThat(backend.sample(1).temperature()).hasValue(55);
            assertThat(backend.faults()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 11, 15, 16, 28})
    void shouldReportADeviceThatIsLostWhateverTheCodeThatSaysSo(int code) {
        FakeDevice bad = new FakeDevice(1);
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(3);
            // One value suffices: the device is not asked for the others.
            bad.failing("nvmlDeviceGetPowerUsage", code);
            assertThatThrownBy(() -> backend.sample(1))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("code=" + code);
            assertThat(backend.faults())
                    .singleElement()
                    .satisfies(fault -> assertThat(fault.reason()).contains("code=" + code));
            assertThat(backend.sample(2).temperature()).hasValue(55);
            assertThat(nvml.inits).hasValue(1);
        }
    }

    @Test
    void shouldNotInitialiseAnewForADeviceThatAnswersUnknownWhileOthersWork() {
        FakeDevice bad = new FakeDevice(1);
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(3);
            bad.failing("*", NvmlAbi.NVML_ERROR_UNKNOWN());
            // As in a container that may no longer open the driver's nodes: what is lost now stays lost.
            nvml.onInit = NvmlAbi::NVML_ERROR_UNKNOWN;
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> backend.sample(1))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("index=1")
                        .hasMessageContaining("code=999");
                assertThat(backend.sample(0).temperature()).hasValue(55);
            }
            assertThat(nvml.inits).hasValue(1);
            assertThat(backend.faults()).extracting(DeviceFault::device).containsExactly("00000000:11:00.0");
        }
    }

    @Test
    void shouldInitialiseAnewOnceWhenTheOnlyDeviceAnswersUnknownAndFindItAgain() {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            gpu.failing("*", NvmlAbi.NVML_ERROR_UNKNOWN());
            nvml.onInit = () -> {
                gpu.codes.clear();
                return 0;
            };
            assertThat(backend.sample(0).temperature()).hasValue(55);
            assertThat(nvml.inits).hasValue(2);
            assertThat(backend.faults()).isEmpty();
        }
    }

    @Test
    void shouldInitialiseAnewOnlyOnceForADeviceThatIsListedAndCannotBeSampled() {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            for (String function : List.of("MemoryInfo", "UtilizationRates", "Temperature", "PowerUsage")) {
                gpu.failing("nvmlDeviceGet" + function, NvmlAbi.NVML_ERROR_UNKNOWN());
            }
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> backend.sample(0))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("device cannot be used: index=0");
            }
            assertThat(nvml.inits).hasValue(2);
            assertThat(backend.faults()).hasSize(1);
        }
    }

    @Test
    void shouldInitialiseAnewWhenNoOtherDeviceAnswersEither() {
        FakeDevice unknown = new FakeDevice(1);
        FakeDevice lost = new FakeDevice(2);
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), unknown, lost);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(3);
            nvml.gpus.forEach(gpu -> gpu.failing("*", NvmlAbi.NVML_ERROR_UNKNOWN()));
            lost.failing("*", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
            nvml.onInit = () -> {
                nvml.gpus.forEach(gpu -> gpu.codes.clear());
                return 0;
            };
            assertThat(backend.sample(1).temperature()).hasValue(55);
            assertThat(nvml.inits).hasValue(2);
        }
    }

    @Test
    void shouldDropTheReportOfALostDeviceThatIsListedAgain() {
        FakeDevice bad = new FakeDevice(1);
        try (FakeNvml nvml = new FakeNvml(three(bad));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(3);
            bad.failing("*", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
            assertThatThrownBy(() -> backend.sample(1)).isInstanceOf(BackendException.class);
            bad.codes.clear();
            assertThat(backend.devices()).hasSize(3);
            assertThat(backend.faults()).isEmpty();
        }
    }

    @Test
    void shouldInitialiseAnewOnlyOnceWhenNoDeviceAnswersAnythingButUnknown() {
        FakeDevice bad = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(bad);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            bad.failing("*", NvmlAbi.NVML_ERROR_UNKNOWN());
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> backend.sample(0))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("index=0")
                        .hasMessageContaining("code=999");
            }
            assertThat(nvml.inits).hasValue(2);
            assertThat(backend.faults()).hasSize(1);
        }
    }

    @Test
    void shouldListNoDeviceAndReportAllWhenAllAreForbidden() {
        FakeDevice one = new FakeDevice(0).failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_OPERATING_SYSTEM());
        FakeDevice two = new FakeDevice(1).failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_OPERATING_SYSTEM());
        try (FakeNvml nvml = new FakeNvml(one, two);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).isEmpty();
            assertThat(backend.faults()).extracting(DeviceFault::device).containsExactly("index=0", "index=1");
        }
    }

    @Test
    void shouldReportOneInstanceThatCannotBeOpened() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.instance(0, "MIG-a", FakeDevice.GIB)
                .failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_NO_PERMISSION());
        gpu.instance(1, "MIG-b", FakeDevice.GIB);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::uuid).containsExactly("MIG-b");
            assertThat(backend.devices()).extracting(Device::index).containsExactly(1);
            assertThat(backend.faults()).singleElement().satisfies(fault -> {
                assertThat(fault.device()).contains("mig instance 0");
                assertThat(fault.reason()).contains("not permitted");
            });
        }
    }

    @Test
    void shouldReportAGpuThatIsLostWhileItsInstancesAreRead() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.instance(0, "MIG-a", FakeDevice.GIB);
        gpu.instance(1, "MIG-b", FakeDevice.GIB).failing("*", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
        try (FakeNvml nvml = new FakeNvml(gpu, new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).extracting(Device::index).containsExactly(1);
            assertThat(backend.faults()).extracting(DeviceFault::device).containsExactly("00000000:10:00.0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 15, 16, 999})
    void shouldBeAnErrorWhenNvmlDoesNotTellTheNumberOfDevices(int code) {
        try (FakeNvml nvml = new FakeNvml(NONE);
                NvmlBackend backend = nvml.backend()) {
            nvml.countCode = code;
            assertThatThrownBy(backend::devices)
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("code=" + code);
            assertThatThrownBy(backend::availability).isInstanceOf(BackendException.class);
            assertThat(nvml.shutdowns).hasValue(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 16, 28, 999})
    void shouldBeAnErrorWhenNvmlNoLongerTellsTheNumberOfDevices(int code) {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(1);
            nvml.countCode = code;
            assertThatThrownBy(backend::devices)
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("code=" + code);
            assertThat(backend.sample(0).temperature()).hasValue(55);
        }
    }
}
