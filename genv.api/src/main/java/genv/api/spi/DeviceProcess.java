// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import genv.api.MemorySize;
import java.util.Objects;
import java.util.Optional;

/**
 * A process that uses a device, as the driver reports it.
 *
 * @param pid the process, in the process namespace in which the driver counts
 * @param kind what it uses the device for
 * @param memoryUsed the memory of the device that it uses; absent where the driver does not say
 */
public record DeviceProcess(long pid, Kind kind, Optional<MemorySize> memoryUsed) {
    /**
     * Refuses null and negative process identifiers.
     *
     * @throws IllegalArgumentException if the process identifier is negative
     */
    public DeviceProcess {
        Checks.notNegative("pid", pid);
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(memoryUsed, "memoryUsed");
    }

    /** What a process uses a device for. */
    public enum Kind {
        /** Computing, with a context of its own. */
        COMPUTE,
        /** Computing through a service that shares a context between processes (NVIDIA's MPS). */
        MPS_COMPUTE,
        /** Graphics. */
        GRAPHICS
    }
}
