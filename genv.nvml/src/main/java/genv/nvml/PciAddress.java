// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.binding.nvmlPciInfo_t;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.Locale;
import java.util.regex.Pattern;

/** Where a device is on PCI, in the order in which devices are numbered. */
record PciAddress(long domain, int bus, int device, String text) implements Comparable<PciAddress> {
    private static final Pattern TEXT = Pattern.compile("[0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]");

    private static final Comparator<PciAddress> ORDER = Comparator.comparingLong(PciAddress::domain)
            .thenComparingInt(PciAddress::bus)
            .thenComparingInt(PciAddress::device);

    /**
     * Reads what NVML filled in. Drivers without {@code nvmlDeviceGetPciInfo_v3} have words of their own where the text
     * is now, so that what is no address is made from the numbers.
     */
    static PciAddress of(MemorySegment info) {
        long domain = Integer.toUnsignedLong(nvmlPciInfo_t.domain(info));
        int bus = nvmlPciInfo_t.bus(info);
        int device = nvmlPciInfo_t.device(info);
        String text = NativeText.of(nvmlPciInfo_t.busId(info));
        return new PciAddress(
                domain,
                bus,
                device,
                TEXT.matcher(text).matches()
                        ? text
                        : String.format(Locale.ROOT, "%08X:%02X:%02X.0", domain, bus, device));
    }

    boolean isSameDevice(PciAddress other) {
        return domain == other.domain && bus == other.bus && device == other.device;
    }

    @Override
    public int compareTo(PciAddress other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return text;
    }
}
