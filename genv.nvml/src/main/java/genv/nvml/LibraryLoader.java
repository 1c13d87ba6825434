// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Opens NVML's library.
 *
 * <p>By its soname, since hosts without a toolkit have no {@code libnvidia-ml.so}. It is never closed: the driver's
 * libraries are not made to be unloaded, and one handle costs nothing.
 */
final class LibraryLoader {
    /** The system property that names another library: a soname, or a path with a slash in it. */
    static final String PROPERTY = "genv.nvml.library";

    static final String DEFAULT_LIBRARY = "libnvidia-ml.so.1";

    private LibraryLoader() {}

    /** Returns the library to open, as the system property names it now. */
    static String configured() {
        String property = System.getProperty(PROPERTY, "").strip();
        return property.isEmpty() ? DEFAULT_LIBRARY : property;
    }

    /**
     * Opens a library and looks up NVML's functions in it.
     *
     * <p>Nothing of the generated binding is touched before the library is open: its classes call restricted methods
     * when they are initialised, and a class whose initialisation failed stays unusable.
     */
    static NvmlCalls load(String library) throws NotUsableException {
        SymbolLookup symbols;
        try {
            symbols = SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalCallerException e) {
            throw NotUsableException.notHere(nativeAccessDenied(LibraryLoader.class.getModule()));
        } catch (IllegalArgumentException e) {
            throw NotUsableException.notHere(notOpened(library));
        }
        NvmlCalls nvml = new NvmlCalls(symbols);
        if (!nvml.isNvml()) {
            throw NotUsableException.notHere("the library is not nvml: library=" + library
                    + ", missing=one of nvmlInit, nvmlDeviceGetCount, nvmlDeviceGetHandleByIndex; correct or remove -D"
                    + PROPERTY);
        }
        return nvml;
    }

    static String nativeAccessDenied(Module module) {
        String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
        return "native access is denied: module=" + name + "; start java with --enable-native-access=" + name;
    }

    private static String notOpened(String library) {
        if (isFile(library)) {
            return "the nvml library cannot be opened: library=" + library
                    + "; it is not a library for this machine, or one that it needs is missing";
        }
        return "the nvml library is not found: library=" + library
                + "; install nvidia's driver, or name its library with -D" + PROPERTY + "=<path or soname>";
    }

    private static boolean isFile(String library) {
        try {
            return library.indexOf('/') >= 0 && Files.exists(Path.of(library));
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
