// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.spi.Closeness;
import genv.nvml.Inventory.Entry;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlPciInfo_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Reads how close two devices are.
 *
 * <p>Instances of one GPU are on the same board. Otherwise two GPUs that can reach each other's memory over NVLink,
 * directly or through a switch, are closer than any PCIe path; a driver that cannot be asked that is asked for the far
 * end of each link instead, which finds direct links only.
 */
final class ClosenessReader {
    private final NvmlCalls nvml;
    private final Entry first;
    private final Entry second;
    private final MemorySegment out;

    private ClosenessReader(NvmlCalls nvml, Entry first, Entry second, MemorySegment out) {
        this.nvml = nvml;
        this.first = first;
        this.second = second;
        this.out = out;
    }

    static Optional<Closeness> read(NvmlCalls nvml, Entry first, Entry second) {
        if (first.gpu().address() == second.gpu().address()) {
            return Optional.of(Closeness.SAME_BOARD);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(nvmlPciInfo_t.sizeof(), Long.BYTES);
            return new ClosenessReader(nvml, first, second, out).closeness();
        }
    }

    private Optional<Closeness> closeness() {
        Optional<Closeness> overPcie = overPcie();
        if (overPcie.filter(Closeness.SAME_BOARD::equals).isPresent()) {
            return overPcie;
        }
        return isOverNvLink() ? Optional.of(Closeness.NVLINK) : overPcie;
    }

    private Optional<Closeness> overPcie() {
        if (!NvmlCode.delivered(nvml.commonAncestor(first.gpu(), second.gpu(), out))) {
            return Optional.empty();
        }
        long level = Integer.toUnsignedLong(out.get(ValueLayout.JAVA_INT, 0));
        // Levels between the known ones may be added: they count as the next farther one.
        if (level <= NvmlAbi.NVML_TOPOLOGY_INTERNAL()) {
            return Optional.of(Closeness.SAME_BOARD);
        } else if (level <= NvmlAbi.NVML_TOPOLOGY_SINGLE()) {
            return Optional.of(Closeness.SINGLE_SWITCH);
        } else if (level <= NvmlAbi.NVML_TOPOLOGY_MULTIPLE()) {
            return Optional.of(Closeness.MULTIPLE_SWITCHES);
        } else if (level <= NvmlAbi.NVML_TOPOLOGY_HOSTBRIDGE()) {
            return Optional.of(Closeness.HOST_BRIDGE);
        } else if (level <= NvmlAbi.NVML_TOPOLOGY_NODE()) {
            return Optional.of(Closeness.NUMA_NODE);
        }
        return Optional.of(Closeness.SYSTEM);
    }

    private boolean isOverNvLink() {
        int code = nvml.p2pStatus(first.gpu(), second.gpu(), NvmlAbi.NVML_P2P_CAPS_INDEX_NVLINK(), out);
        if (NvmlCode.delivered(code)) {
            return out.get(ValueLayout.JAVA_INT, 0) == NvmlAbi.NVML_P2P_STATUS_OK();
        }
        return second.pci().filter(this::hasLinkTo).isPresent();
    }

    private boolean hasLinkTo(PciAddress remote) {
        for (int link = 0; link < NvmlAbi.NVML_NVLINK_MAX_LINKS(); link++) {
            // One that the driver says nothing about does not end the search: there may be others behind it.
            if (NvmlCode.delivered(nvml.nvLinkState(first.gpu(), link, out))
                    && out.get(ValueLayout.JAVA_INT, 0) == NvmlAbi.NVML_FEATURE_ENABLED()) {
                out.fill((byte) 0);
                if (NvmlCode.delivered(nvml.nvLinkRemotePciInfo(first.gpu(), link, out))
                        && PciAddress.of(out).isSameDevice(remote)) {
                    return true;
                }
            }
        }
        return false;
    }
}
