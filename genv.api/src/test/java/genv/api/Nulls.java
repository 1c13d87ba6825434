// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/** Lets a test pass null where the signature forbids it. */
final class Nulls {
    private Nulls() {}

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
    static <T> T nothing() {
        @Nullable T none = null;
        return none;
    }
}
