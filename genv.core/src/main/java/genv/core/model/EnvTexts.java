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
        byte[] first = utf8(eid);
        byte[] second = name.isPresent() ? utf8(name.get()) : new byte[0];
        byte[] third = utf8(username);
        long[] words = new long[1 + wordsOf(first.length) + wordsOf(second.length) + wordsOf(third.length)];
        words[0] = (long) first.length << 32 | (name.isPresent() ? second.length : (long) NO_NAME) << 16 | third.length;
        put(words, put(words, put(words, 1, first), second), third);
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

    private static int put(long[] words, int at, byte[] text) {
        for (int i = 0; i < text.length; i++) {
            words[at + (i >>> 3)] |= (text[i] & 0xffL) << ((i & 7) << 3);
        }
        return at + wordsOf(text.length);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
