// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import genv.api.GenvException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The environment variables of this process as native libraries see them.
 *
 * <p>{@code System.getenv} is a copy made once and shows none of this. Calls from Java are made one at a time; a native
 * library that calls {@code setenv} at the same moment is not kept out, which C does not make safe. Names and values are
 * UTF-8.
 */
public final class NativeEnvironment {
    private static final CFunction GETENV = CFunction.named("getenv");
    private static final CFunction SETENV = CFunction.named("setenv");
    private static final CFunction UNSETENV = CFunction.named("unsetenv");
    private static final CFunction STRLEN = CFunction.named("strlen");

    private static final int MOST_NAMES = 64;

    private static final Object MONITOR = new Object();

    /** Guarded by the monitor, as is what is in it. */
    private static final Map<String, MemorySegment> NAMES = new HashMap<>();

    /** Room for a value; guarded by the monitor. {@code setenv} copies it. */
    private static final MemorySegment VALUE = Arena.global().allocate(1024);

    /** Guarded by the monitor, and so never given back. */
    private static final CallBuffer BUFFER = CallBuffer.take();

    private NativeEnvironment() {}

    /** Who holds this keeps other calls from Java out. */
    public static Object monitor() {
        return MONITOR;
    }

    /** A variable's value; bytes that are not UTF-8 become replacement characters. */
    public static Optional<String> get(String name) {
        return getBytes(name).map(value -> new String(value, StandardCharsets.UTF_8));
    }

    /** A variable's value byte for byte, so that it can be put back as it was. */
    @SuppressWarnings("restricted")
    public static Optional<byte[]> getBytes(String name) {
        synchronized (MONITOR) {
            long value = GETENV.call(BUFFER, nameOf(name).address());
            if (value == 0) {
                return Optional.empty();
            }
            long length = STRLEN.call(BUFFER, value);
            return Optional.of(
                    MemorySegment.ofAddress(value).reinterpret(length).toArray(JAVA_BYTE));
        }
    }

    /** Sets a variable, replacing what it held. */
    public static void set(String name, String value) {
        if (value.length() >= VALUE.byteSize() || !isAscii(value)) {
            setBytes(name, encode("value", value));
            return;
        }
        requireNoNul("value", value.indexOf('\0'));
        synchronized (MONITOR) {
            VALUE.setString(0, value); // as it is: no array is made of it
            set(name, VALUE);
        }
    }

    /** Sets a variable to exactly these bytes, none of which may be NUL. */
    public static void setBytes(String name, byte[] value) {
        requireNoNul("value", value);
        synchronized (MONITOR) {
            if (value.length < VALUE.byteSize()) {
                set(name, write(value, VALUE));
                return;
            }
            try (Arena arena = Arena.ofConfined()) {
                set(name, write(value, arena.allocate(value.length + 1L)));
            }
        }
    }

    /** Under the monitor. */
    private static void set(String name, MemorySegment value) {
        if ((int) SETENV.call(BUFFER, nameOf(name).address(), value.address(), 1) != 0) {
            throw failure("set", name);
        }
    }

    /** Removes a variable; does nothing where there is none. */
    public static void unset(String name) {
        synchronized (MONITOR) {
            if ((int) UNSETENV.call(BUFFER, nameOf(name).address()) != 0) {
                throw failure("unset", name);
            }
        }
    }

    /** A name as a C string, which is kept at least until the monitor is given back. */
    private static MemorySegment nameOf(String name) {
        MemorySegment known = NAMES.get(name);
        if (known != null) {
            return known;
        }
        byte[] key = key(name);
        MemorySegment string = write(key, Arena.ofAuto().allocate(key.length + 1L));
        if (NAMES.size() == MOST_NAMES) {
            NAMES.clear(); // of that many none is used often
        }
        NAMES.put(name, string);
        return string;
    }

    private static MemorySegment write(byte[] bytes, MemorySegment string) {
        MemorySegment.copy(bytes, 0, string, JAVA_BYTE, 0, bytes.length);
        string.set(JAVA_BYTE, bytes.length, (byte) 0);
        return string;
    }

    private static byte[] key(String name) {
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            throw new IllegalArgumentException(
                    "not a name of an environment variable name=" + name + ": use one without '=' that is not empty");
        }
        return encode("name", name);
    }

    private static byte[] encode(String what, String text) {
        if (isAscii(text)) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            requireNoNul(what, bytes);
            return bytes;
        }
        try {
            // a fresh encoder reports what it cannot encode, where String.getBytes would write a question mark
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            requireNoNul(what, bytes);
            return bytes;
        } catch (CharacterCodingException unpairedSurrogate) {
            throw new IllegalArgumentException(
                    "the " + what + " of an environment variable has an unpaired surrogate and no UTF-8 form",
                    unpairedSurrogate);
        }
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    private static void requireNoNul(String what, byte[] bytes) {
        int position = 0;
        while (position < bytes.length && bytes[position] != 0) {
            position++;
        }
        requireNoNul(what, position < bytes.length ? position : -1);
    }

    private static void requireNoNul(String what, int position) {
        if (position >= 0) {
            throw new IllegalArgumentException(
                    "the " + what + " of an environment variable has a NUL position=" + position + ": remove it");
        }
    }

    /** Under the monitor. */
    private static GenvException failure(String operation, String name) {
        int errno = BUFFER.errno();
        return new GenvException("could not " + operation + " an environment variable name=" + name + " errno=" + errno
                + " (" + Errno.describe(errno) + ")");
    }
}
