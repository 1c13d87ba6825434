// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import java.util.Objects;

/** Whether a {@link DeviceBackend} can be used on this machine. */
public sealed interface Availability {
    /** It can be used. It may have no devices all the same. */
    record Available() implements Availability {
        /** Creates the answer. */
        public Available {}
    }

    /**
     * It cannot be used.
     *
     * @param reason the fact in lower case, its values as {@code name=value}, and what to do; shown to the user where
     *     no backend can be used
     */
    record Unavailable(String reason) implements Availability {
        /** Refuses null. */
        public Unavailable {
            Objects.requireNonNull(reason, "reason");
        }
    }
}
