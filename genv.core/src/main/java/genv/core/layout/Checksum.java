// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/**
 * A sum over words that notices damage: every word is multiplied by an odd factor that depends on its position, so any
 * change of a single word changes the sum, and so does almost every other accident.
 *
 * <p>It protects against accidents (a torn page, an overwritten byte), not against a forger. One multiplication a word keeps
 * it below the cost of the copy that it guards; see {@code docs/state-core.md}.
 */
public final class Checksum {
    private static final long STEP = 0x9e37_79b9_7f4a_7c16L;
    private static final long SALT_STEP = 0xd6e8_feb8_6659_fd93L;
    private static final long START = 0x243f_6a88_85a3_08d3L;

    private Checksum() {}

    public static long start() {
        return START;
    }

    /** Continues a sum over {@code count} words from {@code from} of an array; sections are told apart by {@code salt}. */
    public static long add(long sum, long[] words, int from, int count, int salt) {
        long factor = firstFactor(salt);
        long s = sum;
        for (int i = from; i < from + count; i++) {
            s += (words[i] ^ START) * factor;
            factor += STEP;
        }
        return s;
    }

    /** What one word adds to a sum that does not depend on the order: a bijection, so a changed word changes the sum. */
    public static long ofMember(long word) {
        long mixed = word * (STEP + 1);
        return mixed ^ mixed >>> 29;
    }

    /** What one word at a place of an array adds to a sum; a bijection for each place. */
    public static long ofPlace(long word, int place) {
        return (word ^ START) * (1 + STEP * (place + 1));
    }

    /** The sum over the words of an array from one place to before another. */
    public static long ofPlaces(long[] words, int from, int to) {
        long sum = 0;
        for (int place = from; place < to; place++) {
            sum += ofPlace(words[place], place);
        }
        return sum;
    }

    /** The sum over the members of a set, whatever their order. */
    public static long ofMembers(long[] words, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += ofMember(words[i]);
        }
        return sum;
    }

    /** Continues a sum over one word. */
    public static long add(long sum, long word, int salt) {
        return sum + (word ^ START) * firstFactor(salt);
    }

    /** Odd, and in all of its bits another one for each salt: sections that changed places are noticed. */
    private static long firstFactor(int salt) {
        return (salt * SALT_STEP | 1) + STEP;
    }
}
