// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import java.util.Objects;

/**
 * A device that exists but cannot be used.
 *
 * @param device how the backend names it: its PCI bus identifier, or {@code index=3} where even that is not known
 * @param reason the fact in lower case, its values as {@code name=value}, and what to do
 */
public record DeviceFault(String device, String reason) {
    /** Refuses null. */
    public DeviceFault {
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(reason, "reason");
    }
}
