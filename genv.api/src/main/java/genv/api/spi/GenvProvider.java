// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.StateFormat;
import java.nio.file.Path;

/**
 * The implementation of hosts, found through {@link java.util.ServiceLoader}: {@code genv.core} provides it. There must
 * be exactly one. Creating it does no work; it may be created more than once and used from any thread.
 */
public interface GenvProvider {
    /**
     * Opens a host, as {@link GenvHost#open}.
     *
     * @param options the state directory, backend and permissions
     * @return the open host
     * @throws genv.api.StateException if the state directory cannot be used
     */
    GenvHost open(GenvOptions options);

    /**
     * Opens the default host of {@link genv.api.Genv}, whose state directory need not be touched before it is needed:
     * {@code Genv.active()} then answers where no directory can be used. Without an implementation of its own the same as
     * {@link #open}.
     *
     * @param options the default options
     * @return the host; what is wrong with the state directory may be reported by its operations
     */
    default GenvHost openLazily(GenvOptions options) {
        return open(options);
    }

    /**
     * Changes how the state of a directory is kept, as {@link GenvHost#convert}. Without an implementation of its own it is
     * refused.
     *
     * @param directory the state directory
     * @param to how it is to be kept
     * @throws genv.api.StateException if something uses the directory, or it cannot be used
     */
    default void convert(Path directory, StateFormat to) {
        throw new GenvException("this implementation keeps the state in one way only: provider=" + this + " asked=" + to
                + "; use genv.core");
    }
}
