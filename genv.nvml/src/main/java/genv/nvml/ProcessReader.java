// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.MemorySize;
import genv.api.spi.DeviceProcess;
import genv.api.spi.DeviceSample;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlProcessDetail_v1_t;
import genv.nvml.binding.nvmlProcessInfo_v1_t;
import genv.nvml.binding.nvmlProcessInfo_v2_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads the processes on a device.
 *
 * <p>Two things need care. The list may have grown between the call that says how long it is and the one that reads it,
 * so the room is doubled until it suffices. And drivers disagree about the size of one entry, whatever the version in
 * the function's name: {@code _v3} wrote 32 bytes an entry in 535.43 to 535.86, 24 before and after, and 16 bytes have
 * been seen too. So the room is for the largest form, is filled with a pattern first, and how much of it was written
 * tells the form.
 */
final class ProcessReader {
    private static final int FIRST_ROOM = 32;

    /** More processes than a host has; ends the search for enough room. */
    private static final int MAX_ROOM = 1 << 20;

    private static final byte PATTERN = (byte) 0xA5;
    private static final long PATTERN_WORD = 0xA5A5A5A5A5A5A5A5L;

    private static final long SMALL = nvmlProcessInfo_v1_t.sizeof();
    private static final long MIDDLE = nvmlProcessInfo_v2_t.sizeof();
    private static final long LARGE = nvmlProcessDetail_v1_t.sizeof();

    /**
     * The processes on a device.
     *
     * @param complete whether all that compute on it are among them. NVML's list of those under MPS may be missing: the
     *     drivers that lack it list them with the others
     */
    record Processes(List<DeviceProcess> list, boolean complete) {
        void addTo(DeviceSample.Builder sample) {
            if (complete) {
                sample.processes(list);
            } else {
                sample.someProcesses(list);
            }
        }
    }

    /** One of NVML's three lists. */
    interface Query {
        int list(MemorySegment device, MemorySegment room, MemorySegment infos);
    }

    private final Arena arena;
    private final MemorySegment count;
    private MemorySegment infos;

    ProcessReader(Arena arena) {
        this.arena = arena;
        this.count = arena.allocate(ValueLayout.JAVA_INT);
        this.infos = room(FIRST_ROOM);
    }

    /**
     * Adds the processes of one list; nothing where it cannot be had.
     *
     * @return NVML's code
     */
    int addTo(List<DeviceProcess> processes, DeviceProcess.Kind kind, Query query, MemorySegment device) {
        while (true) {
            int room = (int) (infos.byteSize() / LARGE);
            infos.fill(PATTERN);
            count.set(ValueLayout.JAVA_INT, 0, room);
            int code = query.list(device, count, infos);
            int listed = count.get(ValueLayout.JAVA_INT, 0);
            if (code == NvmlAbi.NVML_ERROR_INSUFFICIENT_SIZE()) {
                if (room >= MAX_ROOM) {
                    return code;
                }
                infos = room(Math.min(MAX_ROOM, Math.max(2 * room, listed < 0 ? 0 : listed + listed / 4)));
                continue;
            }
            if (NvmlCode.delivered(code) && listed > 0) {
                add(processes, kind, Math.min(listed, room));
            }
            return code;
        }
    }

    private MemorySegment room(int entries) {
        return arena.allocate(entries * LARGE, Long.BYTES);
    }

    private void add(List<DeviceProcess> processes, DeviceProcess.Kind kind, int listed) {
        long size = entrySize(listed);
        for (int i = 0; i < listed; i++) {
            MemorySegment info = infos.asSlice(i * size, SMALL);
            long used = nvmlProcessInfo_v1_t.usedGpuMemory(info);
            processes.add(new DeviceProcess(
                    Integer.toUnsignedLong(nvmlProcessInfo_v1_t.pid(info)),
                    kind,
                    used < 0 ? Optional.empty() : Optional.of(MemorySize.ofBytes(used))));
        }
    }

    private long entrySize(int listed) {
        long written = infos.byteSize();
        while (written > 0 && infos.get(ValueLayout.JAVA_LONG, written - Long.BYTES) == PATTERN_WORD) {
            written -= Long.BYTES;
        }
        // More than the largest form needs: the driver also cleared the room that it did not use.
        long entries = written > listed * LARGE ? infos.byteSize() / LARGE : listed;
        if (written <= entries * SMALL) {
            return SMALL;
        }
        return written <= entries * MIDDLE ? MIDDLE : LARGE;
    }

    /** Reads all lists of a device. */
    static Processes read(NvmlCalls nvml, MemorySegment device, Arena arena) {
        ProcessReader reader = new ProcessReader(arena);
        List<DeviceProcess> processes = new ArrayList<>();
        int compute = reader.addTo(processes, DeviceProcess.Kind.COMPUTE, nvml::computeProcesses, device);
        int mps = reader.addTo(processes, DeviceProcess.Kind.MPS_COMPUTE, nvml::mpsProcesses, device);
        var _ = reader.addTo(processes, DeviceProcess.Kind.GRAPHICS, nvml::graphicsProcesses, device);
        boolean complete = NvmlCode.isSuccess(compute)
                && (NvmlCode.isSuccess(mps)
                        || mps == NvmlAbi.NVML_ERROR_FUNCTION_NOT_FOUND()
                        || mps == NvmlAbi.NVML_ERROR_NOT_SUPPORTED());
        return new Processes(processes, complete);
    }
}
