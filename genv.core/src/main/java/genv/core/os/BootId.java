// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;

/**
 * Tells one boot of the host from another; 128 bits as two words.
 *
 * <p>On Linux it is the kernel's random boot id, the same in all containers of a host. There is nothing to take its place:
 * any other value would tell of a reboot that never was, and whoever believes that empties a state that is in use. So it is
 * read anew each time, and where it cannot be, or is not the kernel's, that is an error. Elsewhere it is the second in which
 * process 1 started, and zero where that is hidden: then no reboot is noticed.
 */
public record BootId(long high, long low) {
    /** Where Linux says it. */
    public static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    private static final CFunction STATFS = CFunction.named("statfs");

    private static final int LENGTH = 36;

    /**
     * The id of the present boot.
     *
     * @throws IOException if the kernel's cannot be read
     */
    public static BootId current() throws IOException {
        return OperatingSystem.LINUX ? read(FILE) : startOfTheFirstProcess();
    }

    static BootId read(Path file) throws IOException {
        if (OperatingSystem.isSupported() && !isKernels(file)) {
            throw new IOException("something is mounted over the kernel's file");
        }
        String text = ProcText.read(file).strip();
        try {
            UUID id = UUID.fromString(text);
            if (text.length() == LENGTH) {
                return new BootId(id.getMostSignificantBits(), id.getLeastSignificantBits());
            }
        } catch (IllegalArgumentException noUuid) {
            // said below
        }
        throw new IOException(
                "it is not a boot identifier: text=" + text.substring(0, Math.min(text.length(), LENGTH)));
    }

    /** Some containers (systemd-nspawn) have a file of their own mounted there, with another id in each. */
    private static boolean isKernels(Path file) throws IOException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = Descriptor.cString(arena, file);
            int result = (int) STATFS.call(buffer, path.address(), buffer.data().address());
            Descriptor.check(result, buffer, "statfs path=" + file);
            return buffer.data().get(JAVA_LONG, LinuxAbi.STATFS_TYPE) == LinuxAbi.PROC_FILE_SYSTEM;
        } finally {
            buffer.give();
        }
    }

    private static BootId startOfTheFirstProcess() {
        return ProcessHandle.of(1)
                .flatMap(first -> first.info().startInstant())
                .map(Instant::getEpochSecond)
                .map(second -> new BootId(0, second))
                .orElse(new BootId(0, 0));
    }
}
