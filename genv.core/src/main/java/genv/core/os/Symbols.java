// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import genv.api.GenvException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes method handles of functions of the C library.
 *
 * <p>Linking never fails: a function that is missing or may not be linked becomes a handle that throws a
 * {@link GenvException} when it is called. So handles can be {@code static final}, which lets the compiler inline them,
 * and no class of this package can fail to initialise.
 */
final class Symbols {
    private static final Linker LINKER = Linker.nativeLinker();

    private Symbols() {}

    /** A function with a leading parameter that receives {@code errno}. */
    static MethodHandle linkWithErrno(String name, FunctionDescriptor function, Linker.Option... options) {
        List<Linker.Option> all = new ArrayList<>(List.of(options));
        all.add(Linker.Option.captureCallState("errno"));
        MethodType type = function.toMethodType().insertParameterTypes(0, MemorySegment.class);
        return link(name, function, type, all.toArray(Linker.Option[]::new));
    }

    /** Passes on what a method handle threw; to be thrown by the caller. */
    static RuntimeException rethrow(Throwable thrown) {
        switch (thrown) {
            case RuntimeException unchecked -> throw unchecked;
            case Error error -> throw error;
            default -> throw new IllegalStateException("a native call threw a checked exception", thrown);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle link(
            String name, FunctionDescriptor function, MethodType type, Linker.Option[] options) {
        try {
            Optional<MemorySegment> address = LINKER.defaultLookup().find(name);
            if (address.isEmpty()) {
                return failing(
                        type,
                        "the C library lacks a function name=" + name + " " + OperatingSystem.describe()
                                + ": use genv on a supported system (Linux on x86-64 or aarch64)");
            }
            return LINKER.downcallHandle(address.get(), function, options);
        } catch (IllegalCallerException denied) {
            return failing(type, deniedMessage(name));
        }
    }

    private static String deniedMessage(String name) {
        Module module = Symbols.class.getModule();
        String caller = module.isNamed() ? module.getName() : "ALL-UNNAMED";
        return "native access is denied module=" + caller + " function=" + name
                + ": start java with --enable-native-access=" + caller;
    }

    private static MethodHandle failing(MethodType type, String message) {
        try {
            MethodHandle exception = MethodHandles.lookup()
                    .findConstructor(GenvException.class, MethodType.methodType(void.class, String.class))
                    .bindTo(message);
            MethodHandle thrower = MethodHandles.throwException(type.returnType(), GenvException.class);
            return MethodHandles.dropArguments(
                    MethodHandles.collectArguments(thrower, 0, exception), 0, type.parameterList());
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError("GenvException lacks its constructor", impossible);
        }
    }
}
