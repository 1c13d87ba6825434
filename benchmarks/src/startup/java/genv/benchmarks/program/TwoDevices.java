// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.program;

import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceSample;
import java.util.List;

/** Two devices that do not exist. */
public final class TwoDevices implements DeviceBackend {
    /** For the service loader. */
    public TwoDevices() {}

    @Override
    public String id() {
        return "two-devices";
    }

    @Override
    public Availability availability() {
        return new Availability.Available();
    }

    @Override
    public List<Device> devices() {
        return List.of(device(0), device(1));
    }

    private static Device device(int index) {
        return Device.builder(index, "GPU-" + index)
                .totalMemory(MemorySize.ofBytes(16_000_000_000L))
                .build();
    }

    @Override
    public DeviceSample sample(int index) {
        return DeviceSample.builder().build();
    }
}
