// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.binding.NvmlAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads C strings that need not be what they should: not terminated, longer than their buffer, not UTF-8. */
final class NativeText {
    /** A buffer that NVML calls too small is doubled up to this size. */
    private static final int MAX_LENGTH = 4096;

    /** Longest text that is read where the buffer is NVML's own. */
    private static final int MAX_STATIC_LENGTH = 256;

    /** A function that fills a buffer and returns NVML's code. */
    interface Query {
        int fill(MemorySegment buffer, int length);
    }

    private NativeText() {}

    /**
     * Asks for a text, in larger buffers while NVML says that the buffer is too small.
     *
     * @return the text, or empty where there is none
     */
    static Optional<String> ask(Query query, int length) {
        for (int room = length; room <= MAX_LENGTH; room *= 2) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(room);
                int code = query.fill(buffer, room);
                if (code == NvmlAbi.NVML_ERROR_INSUFFICIENT_SIZE()) {
                    continue;
                }
                return NvmlCode.delivered(code)
                        ? Optional.of(of(buffer)).filter(text -> !text.isEmpty())
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Returns the text up to the first NUL, or the whole buffer where there is none; invalid bytes are replaced. */
    static String of(MemorySegment buffer) {
        int length = 0;
        while (length < buffer.byteSize() && buffer.get(ValueLayout.JAVA_BYTE, length) != 0) {
            length++;
        }
        byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8).strip();
    }

    /** Returns the text at an address in static memory of the library. */
    static String ofStatic(MemorySegment address) {
        // Read byte by byte: what lies behind the terminator may not be mapped.
        MemorySegment text = address.reinterpret(MAX_STATIC_LENGTH);
        return of(text);
    }
}
