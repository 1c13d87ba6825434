// SPDX-License-Identifier: Apache-2.0
package genv.it.peer;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The environment of this process as the C library has it, which is what native libraries see. */
@SuppressWarnings("restricted") // getenv has no other way
public final class NativeVariable {
    private static final MethodHandle GETENV = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("getenv"),
                    FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    private NativeVariable() {}

    /** {@return the value that {@code getenv} of the C library gives; absent where it gives none} */
    public static Optional<String> get(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = (MemorySegment) GETENV.invokeExact(arena.allocateFrom(name));
            return value.equals(MemorySegment.NULL)
                    ? Optional.empty()
                    : Optional.of(value.reinterpret(Long.MAX_VALUE).getString(0));
        } catch (Throwable e) {
            throw new LinkageError("getenv failed: name=" + name, e);
        }
    }
}
