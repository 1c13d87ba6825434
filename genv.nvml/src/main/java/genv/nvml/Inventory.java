// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The devices of a host as they were found at one moment, and the handles to ask about them. Immutable.
 *
 * @param epoch the initialisation that the handles belong to
 * @param entries by index, in ascending order
 */
record Inventory(int epoch, List<Device> devices, Map<Integer, Entry> entries, List<DeviceFault> faults) {
    /**
     * A usable device.
     *
     * @param handle the device itself: a GPU, or a MIG instance
     * @param gpu the GPU that it is or is part of
     * @param pci where the GPU is
     * @param instance whether it is a MIG instance, whose handle can come to mean another one
     */
    record Entry(Device device, MemorySegment handle, MemorySegment gpu, Optional<PciAddress> pci, boolean instance) {
        /** How messages and faults name it. */
        String label() {
            String index = "index=" + device.index();
            return instance ? index : pci.map(PciAddress::text).orElse(index);
        }
    }

    @Nullable
    Entry entry(int index) {
        return entries.get(index);
    }

    List<Integer> indices() {
        return devices.stream().map(Device::index).toList();
    }
}
