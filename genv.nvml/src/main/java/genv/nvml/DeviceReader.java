// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.MemorySize;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlDeviceAttributes_t;
import genv.nvml.binding.nvmlPciInfo_t;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Reads what does not change about a device: each fact by itself, and absent where it is not to be had.
 *
 * <p>Every method throws {@link DeviceLostException} or {@link SessionLostException} where NVML says so. Not
 * thread-safe: the methods share one piece of memory.
 */
final class DeviceReader {
    /** Words of the set of NUMA nodes: 1024 nodes, the most that Linux is built for. */
    private static final int NODE_WORDS = 16;

    private final NvmlCalls nvml;
    private final MemorySegment scratch;

    DeviceReader(NvmlCalls nvml, SegmentAllocator allocator) {
        this.nvml = nvml;
        this.scratch = allocator.allocate(NODE_WORDS * Long.BYTES, Long.BYTES);
    }

    /** The UUID; one with a comma could not be an entry of a list of visible devices, and is none. */
    Optional<String> uuid(MemorySegment device) {
        return NativeText.ask(
                        (buffer, length) -> nvml.uuid(device, buffer, length),
                        NvmlAbi.NVML_DEVICE_UUID_V2_BUFFER_SIZE())
                .filter(uuid -> uuid.indexOf(',') < 0);
    }

    Optional<String> name(MemorySegment device) {
        return NativeText.ask(
                (buffer, length) -> nvml.name(device, buffer, length), NvmlAbi.NVML_DEVICE_NAME_V2_BUFFER_SIZE());
    }

    Optional<PciAddress> pciAddress(MemorySegment device) {
        MemorySegment info = scratch.asSlice(0, nvmlPciInfo_t.sizeof()).fill((byte) 0);
        return NvmlCode.delivered(nvml.pciInfo(device, info)) ? Optional.of(PciAddress.of(info)) : Optional.empty();
    }

    Optional<MemorySize> totalMemory(MemorySegment device) {
        return MemoryReader.read(nvml, device, scratch).map(MemoryReader.Memory::totalSize);
    }

    /** The memory of a MIG instance as its attributes say it, which are there for users that may not ask for more. */
    Optional<MemorySize> memoryOfInstance(MemorySegment instance) {
        if (!NvmlCode.delivered(nvml.attributes(instance, scratch))) {
            return Optional.empty();
        }
        long units = nvmlDeviceAttributes_t.memorySizeMB(scratch);
        return units <= 0 || units > Long.MAX_VALUE >> 20
                ? Optional.empty()
                : Optional.of(MemorySize.ofBytes(units << 20));
    }

    OptionalInt minorNumber(MemorySegment device) {
        return NvmlCode.delivered(nvml.minorNumber(device, scratch)) ? notNegative(word(0)) : OptionalInt.empty();
    }

    Optional<String> computeCapability(MemorySegment device) {
        int code = nvml.computeCapability(device, scratch, scratch.asSlice(Integer.BYTES));
        return NvmlCode.delivered(code) ? Optional.of(word(0) + "." + word(1)) : Optional.empty();
    }

    /** The nearest NUMA node; the one of lowest number where several are equally near. */
    OptionalInt numaNode(MemorySegment device) {
        scratch.fill((byte) 0);
        if (!NvmlCode.delivered(nvml.memoryAffinity(device, NODE_WORDS, scratch, NvmlAbi.NVML_AFFINITY_SCOPE_NODE()))) {
            return OptionalInt.empty();
        }
        for (int i = 0; i < NODE_WORDS; i++) {
            long word = scratch.getAtIndex(ValueLayout.JAVA_LONG, i);
            if (word != 0) {
                return OptionalInt.of(i * Long.SIZE + Long.numberOfTrailingZeros(word));
            }
        }
        return OptionalInt.empty();
    }

    /** Whether the device is divided into MIG instances now; empty where it cannot be. */
    Optional<Boolean> migEnabled(MemorySegment device) {
        int code = nvml.migMode(device, scratch, scratch.asSlice(Integer.BYTES));
        return NvmlCode.delivered(code) ? Optional.of(word(0) == NvmlAbi.NVML_DEVICE_MIG_ENABLE()) : Optional.empty();
    }

    int maxInstances(MemorySegment device) {
        return NvmlCode.delivered(nvml.maxMigDeviceCount(device, scratch)) ? Math.max(0, word(0)) : 0;
    }

    private int word(int index) {
        return scratch.getAtIndex(ValueLayout.JAVA_INT, index);
    }

    private static OptionalInt notNegative(int value) {
        return value < 0 ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
