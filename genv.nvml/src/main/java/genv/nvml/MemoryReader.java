// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.MemorySize;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlMemory_t;
import genv.nvml.binding.nvmlMemory_v2_t;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Reads a device's memory.
 *
 * <p>Used is everything that is not free: what processes allocated and what driver and firmware keep for themselves. The
 * newer of NVML's two forms counts the latter on its own, the older one cannot, so that only this sum means the same
 * with every driver.
 */
final class MemoryReader {
    /** Bytes of scratch memory that a reading needs. */
    static final long SCRATCH = 40;

    /** What was read, in bytes; a device has some memory, so total is never zero. */
    record Memory(long total, long free) {
        MemorySize totalSize() {
            return MemorySize.ofBytes(total);
        }

        Optional<MemorySize> usedSize() {
            return free < 0 || free > total ? Optional.empty() : Optional.of(MemorySize.ofBytes(total - free));
        }
    }

    private MemoryReader() {}

    /** Returns a device's memory; empty where it has none of its own, or NVML does not say. */
    static Optional<Memory> read(NvmlCalls nvml, MemorySegment device, MemorySegment scratch) {
        nvmlMemory_v2_t.version(scratch, NvmlAbi.nvmlMemory_v2());
        int code = nvml.memoryInfoV2(device, scratch);
        if (NvmlCode.delivered(code)) {
            return memory(nvmlMemory_v2_t.total(scratch), nvmlMemory_v2_t.free(scratch));
        }
        // Whatever the code: under WSL the newer form has been seen to fail as unknown where the older one works.
        return NvmlCode.delivered(nvml.memoryInfoV1(device, scratch))
                ? memory(nvmlMemory_t.total(scratch), nvmlMemory_t.free(scratch))
                : Optional.empty();
    }

    private static Optional<Memory> memory(long total, long free) {
        // Parts that share the host's memory may report nothing at all as success.
        return total <= 0 ? Optional.empty() : Optional.of(new Memory(total, free));
    }
}
