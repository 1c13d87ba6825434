// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The texts of an environment as words: encoded once, and copied as they are whenever the environment is written. */
public final class EnvTexts {
    /** The length of a name that is absent. */
    public static final int NO_NAME = 0xffff;

    private EnvTexts() {}

    /**
     * First a word of the lengths in bytes, 16 bits each: identifier, name ({@link #NO_NAME} if absent), user name. Then the
     * three texts in UTF-8, first byte lowest, each from a new word on.
     */
    static long[] encode(String eid, Optional<String> name, String username) {
        String given = name.orElse("");
        int first = lengthOf(eid);
        int second = lengthOf(given);
        int third = lengthOf(username);
        long[] words = new long[1 + wordsOf(first) + wordsOf(second) + wordsOf(third)];
        words[0] = (long) first << 32 | (name.isPresent() ? second : (long) NO_NAME) << 16 | third;
        put(words, 1, eid);
        put(words, 1 + wordsOf(first), given);
        put(words, 1 + wordsOf(first) + wordsOf(second), username);
        return words;
    }

    /** How many words a text of that many bytes takes. */
    public static int wordsOf(int bytes) {
        return (bytes + 7) >>> 3;
    }

    /** Reads a text of {@code length} bytes. */
    public static String decode(long[] words, int at, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (words[at + (i >>> 3)] >>> ((i & 7) << 3));
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** What is ASCII, as nearly all of it is, needs no array of its bytes. */
    private static void put(long[] words, int at, String text) {
        if (isAscii(text)) {
            for (int i = 0; i < text.length(); i++) {
                words[at + (i >>> 3)] |= (long) text.charAt(i) << ((i & 7) << 3);
            }
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            words[at + (i >>> 3)] |= (bytes[i] & 0xffL) << ((i & 7) << 3);
        }
    }

    private static int lengthOf(String text) {
        return isAscii(text) ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }
}
