// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.GenvProvider;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Finds the implementation: beside this module first, that is through its class loader and in its layer, and only where
 * there is none through the context class loader of the thread, which is where frameworks that load an application
 * themselves (Spark, plug-in containers) put its jars.
 */
final class Providers {
    private Providers() {}

    /** Returns the one provider, or throws GenvException. */
    static GenvProvider only() {
        return only(Providers.class.getClassLoader(), Thread.currentThread().getContextClassLoader());
    }

    static GenvProvider only(@Nullable ClassLoader own, @Nullable ClassLoader context) {
        try {
            List<ServiceLoader.Provider<GenvProvider>> found = list(ServiceLoader.load(GenvProvider.class, own));
            ModuleLayer layer = Providers.class.getModule().getLayer();
            if (found.isEmpty() && layer != null) {
                // A layer may give each of its modules a class loader of its own.
                found = list(ServiceLoader.load(layer, GenvProvider.class));
            }
            if (found.isEmpty() && context != null) {
                found = list(ServiceLoader.load(GenvProvider.class, context));
            }
            if (found.size() == 1) {
                return found.get(0).get();
            }
            throw new GenvException(found.isEmpty() ? missing() : ambiguous(found));
        } catch (ServiceConfigurationError | LinkageError e) {
            throw new GenvException(
                    "implementation of genv cannot be loaded: reason=" + e
                            + "; check that genv.api, genv.core and what that needs are there once and in one version",
                    e);
        }
    }

    /** Instantiates nothing. */
    private static List<ServiceLoader.Provider<GenvProvider>> list(ServiceLoader<GenvProvider> loader) {
        return loader.stream().toList();
    }

    private static String missing() {
        return "no implementation of genv was found: service=" + GenvProvider.class.getName()
                + "; add genv.core to the class path or the module path"
                + " (in an image made by jlink, or where resolution does not add it: --add-modules genv.core)";
    }

    private static String ambiguous(List<ServiceLoader.Provider<GenvProvider>> found) {
        return "several implementations of genv were found: providers="
                + found.stream()
                        .map(provider -> origin(provider.type()))
                        .sorted()
                        .toList()
                + "; keep one of them on the class path or the module path";
    }

    private static String origin(Class<?> type) {
        return type.getModule().isNamed() ? type.getModule().getName() + "/" + type.getName() : type.getName();
    }
}
