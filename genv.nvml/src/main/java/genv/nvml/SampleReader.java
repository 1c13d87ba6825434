// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.spi.DeviceSample;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlTemperature_v1_t;
import genv.nvml.binding.nvmlUtilization_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Reads the state of a device: each value by itself, and absent where it is not to be had.
 *
 * <p>One arena a sample, one downcall a value.
 */
final class SampleReader {
    private final NvmlCalls nvml;
    private final MemorySegment device;
    private final MemorySegment scratch;
    private boolean anyAnswer;
    private boolean anyUnknown;

    private SampleReader(NvmlCalls nvml, MemorySegment device, MemorySegment scratch) {
        this.nvml = nvml;
        this.device = device;
        this.scratch = scratch;
    }

    /**
     * Takes a sample.
     *
     * @throws DeviceLostException if the device is lost, or answers nothing but that it does not know why
     * @throws SessionLostException if the session is lost
     */
    static DeviceSample read(NvmlCalls nvml, MemorySegment device) {
        try (Arena arena = Arena.ofConfined()) {
            SampleReader reader = new SampleReader(nvml, device, arena.allocate(MemoryReader.SCRATCH, Long.BYTES));
            DeviceSample.Builder sample = DeviceSample.builder();
            reader.addMemory(sample);
            reader.addUtilization(sample);
            reader.temperature().ifPresent(sample::temperature);
            reader.power().ifPresent(sample::powerMilliwatts);
            if (reader.anyUnknown && !reader.anyAnswer) {
                throw new DeviceLostException(NvmlAbi.NVML_ERROR_UNKNOWN());
            }
            ProcessReader.read(nvml, device, arena).addTo(sample);
            return sample.build();
        }
    }

    private boolean delivered(int code) {
        boolean delivered = NvmlCode.delivered(code);
        anyAnswer |= delivered;
        anyUnknown |= code == NvmlAbi.NVML_ERROR_UNKNOWN();
        return delivered;
    }

    private void addMemory(DeviceSample.Builder sample) {
        Optional<MemoryReader.Memory> memory = MemoryReader.read(nvml, device, scratch);
        anyAnswer |= memory.isPresent();
        memory.flatMap(MemoryReader.Memory::usedSize).ifPresent(sample::memoryUsed);
    }

    private void addUtilization(DeviceSample.Builder sample) {
        if (delivered(nvml.utilizationRates(device, scratch))) {
            percent(nvmlUtilization_t.gpu(scratch)).ifPresent(sample::gpuUtilization);
            percent(nvmlUtilization_t.memory(scratch)).ifPresent(sample::memoryUtilization);
        }
    }

    private OptionalInt temperature() {
        nvmlTemperature_v1_t.version(scratch, NvmlAbi.nvmlTemperature_v1());
        nvmlTemperature_v1_t.sensorType(scratch, NvmlAbi.NVML_TEMPERATURE_GPU());
        if (delivered(nvml.temperatureV(device, scratch))) {
            return OptionalInt.of(nvmlTemperature_v1_t.temperature(scratch));
        }
        return delivered(nvml.temperature(device, NvmlAbi.NVML_TEMPERATURE_GPU(), scratch))
                ? OptionalInt.of(scratch.get(ValueLayout.JAVA_INT, 0))
                : OptionalInt.empty();
    }

    private OptionalInt power() {
        if (!delivered(nvml.powerUsage(device, scratch))) {
            return OptionalInt.empty();
        }
        int milliwatts = scratch.get(ValueLayout.JAVA_INT, 0);
        return milliwatts < 0 ? OptionalInt.empty() : OptionalInt.of(milliwatts);
    }

    /** Anything but a percentage is a marker of some driver for an unknown value. */
    private static OptionalInt percent(int value) {
        return value < 0 || value > 100 ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
