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
import java.util.concurrent.locks.ReentrantLock;

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

    private static final ReentrantLock LOCK = new ReentrantLock();

    /** Guarded by the lock, as is what is in it. */
    private static final Map<String, MemorySegment> NAMES = new HashMap<>();

    /** Room for a value; guarded by the lock. {@code setenv} copies it. */
    private static final MemorySegment VALUE = Arena.global().allocate(1024);

    private NativeEnvironment() {}

    /** A variable's value; bytes that are not UTF-8 become replacement characters. */
    public static Optional<String> get(String name) {
        return getBytes(name).map(value -> new String(value, StandardCharsets.UTF_8));
    }

    /** A variable's value byte for byte, so that it can be put back as it was. */
    @SuppressWarnings("restricted")
    public static Optional<byte[]> getBytes(String name) {
        LOCK.lock();
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            long value = GETENV.call(buffer, nameOf(name, arena).address());
            if (value == 0) {
                return Optional.empty();
            }
            long length = STRLEN.call(buffer, value);
            return Optional.of(
                    MemorySegment.ofAddress(value).reinterpret(length).toArray(JAVA_BYTE));
        } finally {
            buffer.give();
            LOCK.unlock();
        }
    }

    /** Sets a variable, replacing what it held. */
    public static void set(String name, String value) {
        setBytes(name, encode("value", value));
    }

    /** Sets a variable to exactly these bytes, none of which may be NUL. */
    public static void setBytes(String name, byte[] value) {
        requireNoNul("value", value);
        LOCK.lock();
        try (Arena arena = Arena.ofConfined()) {
            CallBuffer buffer = CallBuffer.take();
            int result = (int) SETENV.call(
                    buffer, nameOf(name, arena).address(), valueOf(value, arena).address(), 1);
            int errno = buffer.errno();
            buffer.give();
            if (result != 0) {
                throw failure("set", name, errno);
            }
        } finally {
            LOCK.unlock();
        }
    }

    /** Removes a variable; does nothing where there is none. */
    public static void unset(String name) {
        LOCK.lock();
        try (Arena arena = Arena.ofConfined()) {
            CallBuffer buffer = CallBuffer.take();
            int result = (int) UNSETENV.call(buffer, nameOf(name, arena).address());
            int errno = buffer.errno();
            buffer.give();
            if (result != 0) {
                throw failure("unset", name, errno);
            }
        } finally {
            LOCK.unlock();
        }
    }

    /** A name as a C string. The few that are in use are kept. */
    private static MemorySegment nameOf(String name, Arena arena) {
        MemorySegment known = NAMES.get(name);
        if (known != null) {
            return known;
        }
        byte[] key = key(name);
        boolean keeps = NAMES.size() < MOST_NAMES;
        MemorySegment string = cString(keeps ? Arena.global() : arena, key);
        if (keeps) {
            NAMES.put(name, string);
        }
        return string;
    }

    private static MemorySegment valueOf(byte[] value, Arena arena) {
        if (value.length >= VALUE.byteSize()) {
            return cString(arena, value);
        }
        MemorySegment.copy(value, 0, VALUE, JAVA_BYTE, 0, value.length);
        VALUE.set(JAVA_BYTE, value.length, (byte) 0);
        return VALUE;
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
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                throw new IllegalArgumentException(
                        "the " + what + " of an environment variable has a NUL position=" + i + ": remove it");
            }
        }
    }

    private static MemorySegment cString(Arena arena, byte[] bytes) {
        MemorySegment string = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, string, JAVA_BYTE, 0, bytes.length);
        return string;
    }

    private static GenvException failure(String operation, String name, int errno) {
        return new GenvException("could not " + operation + " an environment variable name=" + name + " errno=" + errno
                + " (" + Errno.describe(errno) + ")");
    }
}
