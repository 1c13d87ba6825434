// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;

/**
 * Tells one boot of the host from another; 128 bits as two words.
 *
 * <p>On Linux it is the kernel's random boot id, the same in all containers of a host. Elsewhere it is the second in
 * which process 1 started, and zero where that is hidden: then no reboot is noticed.
 */
public record BootId(long high, long low) {
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    /** The id of the present boot. */
    public static BootId current() {
        return Holder.CURRENT;
    }

    private static BootId read() {
        try {
            UUID id = UUID.fromString(ProcText.read(FILE).strip());
            return new BootId(id.getMostSignificantBits(), id.getLeastSignificantBits());
        } catch (IOException | IllegalArgumentException noBootId) {
            return ProcessHandle.of(1)
                    .flatMap(first -> first.info().startInstant())
                    .map(Instant::getEpochSecond)
                    .map(second -> new BootId(0, second))
                    .orElse(new BootId(0, 0));
        }
    }

    private static final class Holder {
        static final BootId CURRENT = read();
    }
}
