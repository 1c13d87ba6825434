// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.MemorySize;
import java.time.Duration;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the owner of the host allows a user. A negative number stands for no limit.
 *
 * @param source where that is said, for messages
 * @param userDevices devices of all environments of the user; one that two of them have counts twice
 * @param userMemory device memory reserved by all environments of the user, bytes
 * @param environmentDevices devices of one environment
 * @param environmentMemory device memory reserved by one environment, bytes
 * @param longestWait how long a request may wait for devices, milliseconds
 * @param longestLease how long an environment may have devices, milliseconds
 * @param defaultLease the lease of one that asks for none, milliseconds
 */
public record Limits(
        String source,
        int userDevices,
        long userMemory,
        int environmentDevices,
        long environmentMemory,
        long longestWait,
        long longestLease,
        long defaultLease) {
    public static final Limits NONE = new Limits("", -1, -1, -1, -1, -1, -1, -1);

    /** The limits of everybody, by user id. */
    @FunctionalInterface
    public interface OfUsers extends LongFunction<Limits> {
        /** Nobody has any. Always the same object. */
        static OfUsers none() {
            return Unlimited.INSTANCE;
        }
    }

    private enum Unlimited implements OfUsers {
        INSTANCE;

        @Override
        public Limits apply(long uid) {
            return NONE;
        }
    }

    /** Whether nothing that counts devices or their memory is limited. */
    boolean isUncounted() {
        return userDevices < 0 && userMemory < 0 && environmentDevices < 0 && environmentMemory < 0;
    }

    /** Why a request may not wait so long, or null. {@code nanos}: how long it would. */
    public @Nullable String tooLong(long nanos) {
        return longestWait < 0 || nanos / 1_000_000 <= longestWait
                ? null
                : "the request would wait longer than the owner of the host allows: asked="
                        + (nanos == Long.MAX_VALUE ? "without limit" : Duration.ofNanos(nanos)) + " limit="
                        + Duration.ofMillis(longestWait) + " file=" + source + "; ask for a shorter time (waitUpTo)";
    }

    /** How long a lease lasts that begins now; 0 for as long as the environment lives. {@code asked}: 0 if none was. */
    long lease(long asked) {
        if (asked > 0) {
            return longestLease < 0 ? asked : Math.min(asked, longestLease);
        }
        return defaultLease >= 0 ? defaultLease : Math.max(longestLease, 0);
    }

    String longestLeaseText() {
        return longestLease < 0 ? "none" : Duration.ofMillis(longestLease).toString();
    }

    static String text(long bytes) {
        return MemorySize.ofBytes(bytes).toString();
    }
}
