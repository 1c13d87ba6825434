// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/**
 * The root word: the version of the state in the upper 52 bits, the number of the record that holds it in the lower 12.
 *
 * <p>A version is never used twice while a host is up, so equal root words mean equal states.
 */
public final class RootWord {
    private static final int RECORD_BITS = 12;
    private static final long RECORD_MASK = (1L << RECORD_BITS) - 1;

    private RootWord() {}

    public static long of(long version, int record) {
        return version << RECORD_BITS | record;
    }

    public static long version(long root) {
        return root >>> RECORD_BITS;
    }

    /** The record number, unchecked: whoever reads it from the file compares it with {@link FileLayout#RECORDS}. */
    public static int record(long root) {
        return (int) (root & RECORD_MASK);
    }
}
