// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.DeviceProcess;
import genv.api.spi.DeviceSample;
import genv.nvml.FakeDevice.FakeProcess;
import genv.nvml.binding.NvmlAbi;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a sample holds, and what it leaves out. */
class NvmlBackendSampleTest {
    private static DeviceProcess process(long pid, DeviceProcess.Kind kind, long bytes) {
        return new DeviceProcess(pid, kind, Optional.of(MemorySize.ofBytes(bytes)));
    }

    @Test
    void shouldSampleEveryValueWhenADriverKnowsAll() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.compute.add(new FakeProcess(100, 7));
        gpu.mps.add(new FakeProcess(200, 8));
        gpu.graphics.add(new FakeProcess(0x80000001, 9));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            DeviceSample sample = backend.sample(0);
            assertThat(sample.memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
            assertThat(sample.gpuUtilization()).hasValue(42);
            assertThat(sample.memoryUtilization()).hasValue(17);
            assertThat(sample.temperature()).hasValue(55);
            assertThat(sample.powerMilliwatts()).hasValue(123_456);
            assertThat(sample.processes())
                    .containsExactly(
                            process(100, DeviceProcess.Kind.COMPUTE, 7),
                            process(200, DeviceProcess.Kind.MPS_COMPUTE, 8),
                            process(0x80000001L, DeviceProcess.Kind.GRAPHICS, 9));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nvmlDeviceGetMemoryInfo",
                "nvmlDeviceGetUtilizationRates",
                "nvmlDeviceGetTemperature",
                "nvmlDeviceGetPowerUsage",
                "nvmlDeviceGetComputeRunningProcesses"
            })
    void shouldLeaveOutOnlyTheValueThatAPartDoesNotSupport(String function) {
        FakeDevice gpu = new FakeDevice(0).failing(function, NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        gpu.compute.add(new FakeProcess(100, 7));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            DeviceSample sample = backend.sample(0);
            assertThat(sample.memoryUsed().isEmpty()).isEqualTo(function.contains("Memory"));
            assertThat(sample.gpuUtilization().isEmpty()).isEqualTo(function.contains("Utilization"));
            assertThat(sample.memoryUtilization().isEmpty()).isEqualTo(function.contains("Utilization"));
            assertThat(sample.temperature().isEmpty()).isEqualTo(function.contains("Temperature"));
            assertThat(sample.powerMilliwatts().isEmpty()).isEqualTo(function.contains("Power"));
            assertThat(sample.processes().isEmpty()).isEqualTo(function.contains("Processes"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 7, 13, 19, 21, 25, 26, 27, 29, 999, 12345})
    void shouldLeaveOutAValueWhateverTheCode(int code) {
        FakeDevice gpu = new FakeDevice(0).failing("nvmlDeviceGetPowerUsage", code);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            DeviceSample sample = backend.sample(0);
            assertThat(sample.powerMilliwatts()).isEmpty();
            assertThat(sample.temperature()).hasValue(55);
            assertThat(nvml.inits).hasValue(1);
        }
    }

    @Test
    void shouldLeaveOutNumbersThatCannotBeTrue() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.gpuUtilization = -1;
        gpu.memoryUtilization = 101;
        gpu.power = -1;
        gpu.used = -(1L << 40);
        gpu.compute.add(new FakeProcess(100, -1));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            DeviceSample sample = backend.sample(0);
            assertThat(sample.gpuUtilization()).isEmpty();
            assertThat(sample.memoryUtilization()).isEmpty();
            assertThat(sample.powerMilliwatts()).isEmpty();
            assertThat(sample.memoryUsed()).isEmpty();
            assertThat(sample.processes())
                    .containsExactly(new DeviceProcess(100, DeviceProcess.Kind.COMPUTE, Optional.empty()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 13, 25, 26, 999})
    void shouldTakeTheOlderFormWhateverTheCodeOfTheNewerOne(int code) {
        FakeDevice gpu = new FakeDevice(0)
                .failing("nvmlDeviceGetMemoryInfo_v2", code)
                .failing("nvmlDeviceGetTemperatureV", code);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices().getFirst().totalMemory()).contains(MemorySize.ofBytes(80 * FakeDevice.GIB));
            assertThat(backend.sample(0).memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
            assertThat(backend.sample(0).temperature()).hasValue(55);
        }
    }

    @Test
    void shouldReadTheNewerFormsWhereADriverHasNoOlderOnes() {
        try (FakeNvml nvml =
                        new FakeNvml(new FakeDevice(0)).without("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetTemperature");
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.sample(0).memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
            assertThat(backend.sample(0).temperature()).hasValue(55);
        }
    }

    @Test
    void shouldTellNoProcessFromUnknownProcesses() {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.sample(0).processesKnown()).isTrue();
            assertThat(backend.sample(0).processes()).isEmpty();
            gpu.mps.add(new FakeProcess(200, 8));
            gpu.failing("nvmlDeviceGetComputeRunningProcesses", NvmlAbi.NVML_ERROR_NO_PERMISSION());
            assertThat(backend.sample(0).processesKnown()).isFalse();
            assertThat(backend.sample(0).processes()).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"3,true", "13,true", "4,false", "999,false"})
    void shouldKnowTheProcessesWithoutMpsOnlyWhereThereCanBeNone(int code, boolean known) {
        FakeDevice gpu = new FakeDevice(0).failing("nvmlDeviceGetMPSComputeRunningProcesses", code);
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.sample(0).processesKnown()).isEqualTo(known);
        }
    }

    @Test
    void shouldKnowTheProcessesWhenOnlyGraphicsIsNotSupported() {
        FakeDevice gpu =
                new FakeDevice(0).failing("nvmlDeviceGetGraphicsRunningProcesses", NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.sample(0).processesKnown()).isTrue();
        }
    }

    @Test
    void shouldGiveWhatAnInstanceKnowsInMigMode() {
        FakeDevice gpu = new FakeDevice(0);
        FakeDevice instance = gpu.instance(0, "MIG-a", 10 * FakeDevice.GIB);
        instance.failing("nvmlDeviceGetUtilizationRates", NvmlAbi.NVML_ERROR_INVALID_ARGUMENT());
        instance.failing("nvmlDeviceGetTemperature", NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        instance.failing("nvmlDeviceGetPowerUsage", NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        instance.compute.add(new FakeProcess(1, 2));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            DeviceSample sample = backend.sample(0);
            assertThat(sample.gpuUtilization()).isEmpty();
            assertThat(sample.temperature()).isEmpty();
            assertThat(sample.powerMilliwatts()).isEmpty();
            assertThat(sample.memoryUsed()).contains(MemorySize.ofBytes(5 + FakeDevice.GIB));
            assertThat(sample.processes()).hasSize(1);
        }
    }

    @Test
    void shouldReadTheOldFormsWhenADriverOf2018LacksTheNewNames() {
        FakeDevice gpu = new FakeDevice(0);
        gpu.compute.add(new FakeProcess(1, 2));
        gpu.compute.add(new FakeProcess(3, 4));
        try (FakeNvml nvml = new FakeNvml(gpu).withOnly(FakeNvml.NAMES_OF_2018);
                NvmlBackend backend = nvml.backend()) {
            nvml.processEntry = 16;
            DeviceSample sample = backend.sample(0);
            assertThat(sample.memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
            assertThat(sample.temperature()).hasValue(55);
            assertThat(sample.processes())
                    .containsExactly(
                            process(1, DeviceProcess.Kind.COMPUTE, 2), process(3, DeviceProcess.Kind.COMPUTE, 4));
        }
    }

    @Test
    void shouldTakeTheOldTemperatureWhenTheNewOneRefusesItsVersion() {
        FakeDevice gpu = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(gpu).without("nvmlDeviceGetTemperatureV", "nvmlDeviceGetMemoryInfo_v2");
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.sample(0).temperature()).hasValue(55);
            assertThat(backend.sample(0).memoryUsed()).contains(MemorySize.ofBytes(4 * FakeDevice.GIB));
        }
    }

    @ParameterizedTest
    @CsvSource({"16,1", "16,2", "16,31", "24,1", "24,2", "24,3", "24,31", "32,1", "32,2", "32,3", "32,31", "32,32"})
    void shouldReadEachFormOfAProcessEntryWhateverTheNameOfTheFunction(int bytes, int processes) {
        FakeDevice gpu = new FakeDevice(0);
        IntStream.range(0, processes).forEach(i -> gpu.compute.add(new FakeProcess(1000 + i, 1L << i)));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            nvml.processEntry = bytes;
            assertThat(backend.sample(0).processes())
                    .containsExactlyElementsOf(IntStream.range(0, processes)
                            .mapToObj(i -> process(1000 + i, DeviceProcess.Kind.COMPUTE, 1L << i))
                            .toList());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 24, 32})
    void shouldReadProcessesWhenTheDriverClearsTheRoomBehindThem(int bytes) {
        FakeDevice gpu = new FakeDevice(0);
        gpu.compute.add(new FakeProcess(1, 2));
        gpu.compute.add(new FakeProcess(3, 4));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            nvml.processEntry = bytes;
            nvml.clearsRoom = true;
            assertThat(backend.sample(0).processes())
                    .extracting(DeviceProcess::pid)
                    .containsExactly(1L, 3L);
        }
    }

    @Test
    void shouldListAllProcessesWhenTheirNumberGrowsBetweenTwoCalls() {
        FakeDevice gpu = new FakeDevice(0);
        IntStream.range(0, 40).forEach(i -> gpu.compute.add(new FakeProcess(i, i)));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            // Each look finds more than the last one said that there are.
            nvml.onListing = () -> {
                int before = gpu.compute.size();
                if (before < 400) {
                    IntStream.range(before, 3 * before).forEach(i -> gpu.compute.add(new FakeProcess(i, i)));
                }
            };
            List<DeviceProcess> processes = backend.sample(0).processes();
            assertThat(processes).hasSize(gpu.compute.size()).hasSizeGreaterThan(400);
            assertThat(processes.getLast().pid()).isEqualTo(processes.size() - 1);
        }
    }

    @Test
    void shouldGiveUpOnAListForWhichNoRoomSuffices() {
        FakeDevice gpu = new FakeDevice(0)
                .failing("nvmlDeviceGetComputeRunningProcesses", NvmlAbi.NVML_ERROR_INSUFFICIENT_SIZE());
        gpu.graphics.add(new FakeProcess(1, 2));
        try (FakeNvml nvml = new FakeNvml(gpu);
                NvmlBackend backend = nvml.backend()) {
            DeviceSample sample = backend.sample(0);
            assertThat(sample.processesKnown()).isFalse();
            assertThat(sample.processes()).hasSize(1);
            assertThat(sample.temperature()).hasValue(55);
        }
    }

    @Test
    void shouldRefuseAnIndexThatNoDeviceHas() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            for (int index : new int[] {-1, 2, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                assertThatThrownBy(() -> backend.sample(index))
                        .isInstanceOf(BackendException.class)
                        .hasMessageContaining("index=" + index)
                        .hasMessageContaining("devices=[0, 1]");
                assertThatThrownBy(() -> backend.closeness(0, index)).isInstanceOf(BackendException.class);
            }
        }
    }
}
