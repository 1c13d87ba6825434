// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;

import genv.api.MemorySize;
import genv.api.spi.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Makes up devices: the same ones for the same index, in every process. */
final class SimulatedDevices {
    static final int MOST = 65_536;
    static final MemorySize MEMORY = MemorySize.ofBytes(16_000_000_000L);
    static final String NAME = "Simulated GPU";

    /** Bus 0 is left to the host bridge, as on real machines. */
    private static final int BUSES = 255;

    private SimulatedDevices() {}

    static void requireCount(int count) {
        if (count < 0 || count > MOST) {
            throw new IllegalArgumentException(
                    "bad number of simulated devices: count=" + count + "; give 0 to " + MOST);
        }
    }

    static Device.Builder device(int index, MemorySize memory, String name) {
        if (index < 0 || index >= MOST) {
            throw new IllegalArgumentException("bad index of a simulated device: index=" + index);
        }
        return Device.builder(index, uuid("GPU-", "device " + index))
                .name(name)
                .totalMemory(memory)
                .pciBusId("%08X:%02X:00.0".formatted(index / BUSES, 1 + index % BUSES))
                .minorNumber(index)
                .computeCapability("9.0")
                .numaNode(0);
    }

    static List<Device> list(
            int count, MemorySize memory, List<String> names, int numaNodes, Map<Integer, Device> replaced) {
        if (names.size() != 1 && names.size() != count) {
            throw new IllegalArgumentException("names do not fit the devices: names=" + names.size() + ", devices="
                    + count + "; give one for all or one for each");
        }
        for (int index : replaced.keySet()) {
            if (index < 0 || index >= count) {
                throw new IllegalArgumentException("no such simulated device: index=" + index + ", devices=" + count);
            }
        }
        List<Device> made = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            Device given = replaced.get(i);
            String name = names.get(names.size() == 1 ? 0 : i);
            int node = (int) ((long) i * numaNodes / count);
            made.add(
                    given != null
                            ? given
                            : device(i, memory, name).numaNode(node).build());
        }
        return made;
    }

    /** The same devices where some are replaced by the given number of slices, numbered anew. */
    static List<Device> sliced(List<Device> whole, Map<Integer, Integer> slices) {
        for (int index : slices.keySet()) {
            if (index < 0 || index >= whole.size()) {
                throw new IllegalArgumentException(
                        "no such simulated device to be cut: index=" + index + ", devices=" + whole.size());
            }
        }
        if (slices.isEmpty()) {
            return whole;
        }
        List<Device> cut = new ArrayList<>();
        for (Device device : whole) {
            int number = slices.getOrDefault(device.index(), 0);
            if (number == 0) {
                cut.add(copy(device, cut.size(), device.uuid()).build());
            }
            for (int slice = 0; slice < number; slice++) {
                cut.add(slice(device, cut.size(), slice, number));
            }
        }
        return cut;
    }

    private static Device slice(Device parent, int index, int slice, int slices) {
        Device.Builder made = copy(parent, index, uuid("MIG-", parent.uuid() + " slice " + slice))
                .parentUuid(parent.uuid());
        parent.name().ifPresent(name -> made.name(name + " slice " + (slice + 1) + "/" + slices));
        parent.totalMemory().ifPresent(memory -> made.totalMemory(MemorySize.ofBytes(memory.bytes() / slices)));
        return made.build();
    }

    private static Device.Builder copy(Device from, int index, String uuid) {
        Device.Builder made = Device.builder(index, uuid);
        from.name().ifPresent(made::name);
        from.totalMemory().ifPresent(made::totalMemory);
        from.pciBusId().ifPresent(made::pciBusId);
        from.minorNumber().ifPresent(made::minorNumber);
        from.computeCapability().ifPresent(made::computeCapability);
        from.numaNode().ifPresent(made::numaNode);
        from.migEnabled().ifPresent(made::migEnabled);
        from.parentUuid().ifPresent(made::parentUuid);
        from.visibleName().ifPresent(made::visibleName);
        return made;
    }

    private static String uuid(String prefix, String seed) {
        return prefix + UUID.nameUUIDFromBytes(("genv simulated " + seed).getBytes(US_ASCII));
    }
}
