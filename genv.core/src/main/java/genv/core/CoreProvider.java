// SPDX-License-Identifier: Apache-2.0
package genv.core;

import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.StateFormat;
import genv.api.spi.GenvProvider;
import genv.core.host.CoreHost;
import genv.core.store.Conversion;
import java.nio.file.Path;

/** The implementation that {@link GenvHost#open} finds. */
public final class CoreProvider implements GenvProvider {
    /** For {@link java.util.ServiceLoader}. */
    public CoreProvider() {}

    @Override
    public GenvHost open(GenvOptions options) {
        CoreHost host = new CoreHost(options);
        host.openState();
        return host;
    }

    @Override
    public GenvHost openLazily(GenvOptions options) {
        return new CoreHost(options);
    }

    @Override
    public void convert(Path directory, StateFormat to) {
        Conversion.convert(directory.toAbsolutePath(), to);
    }

    @Override
    public String toString() {
        return "genv.core";
    }
}
