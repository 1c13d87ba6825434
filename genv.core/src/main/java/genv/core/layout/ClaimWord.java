// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/**
 * The claim word of a record or a cell: who may write to it.
 *
 * <pre>
 *   1 | token (63 bits)         OWNED: the process with that token writes to it, nobody else
 *   0 | version (62 bits) | 1   LIVE: published with that version, or about to be
 *   0 | version (62 bits) | 0   FREE: nobody refers to it; not below the version of its last life
 * </pre>
 *
 * <p>The transitions, and why none can be mistaken for another, are explained at {@code genv.core.state.Transitions}.
 */
public final class ClaimWord {
    private static final long OWNED = Long.MIN_VALUE;

    private ClaimWord() {}

    public static long owned(long token) {
        return OWNED | token;
    }

    public static long live(long version) {
        return version << 1 | 1;
    }

    /** The free word of what was live or owned at {@code version}. */
    public static long free(long version) {
        return version << 1;
    }

    public static boolean isOwned(long word) {
        return word < 0;
    }

    public static boolean isLive(long word) {
        return word >= 0 && (word & 1) == 1;
    }

    public static boolean isFree(long word) {
        return word >= 0 && (word & 1) == 0;
    }

    public static long token(long word) {
        return word & ~OWNED;
    }

    public static long version(long word) {
        return word >>> 1;
    }
}
