// SPDX-License-Identifier: Apache-2.0
import genv.api.spi.GenvProvider;
import genv.core.CoreProvider;

/**
 * The implementation of genv: the state core, environments, locks, and the native process environment.
 *
 * <p>An application does not name this module; it names {@code genv.api} and puts this one on its module path or class path.
 * It calls the C library through the Foreign Function &amp; Memory API and so wants
 * {@code --enable-native-access=genv.core} ({@code ALL-UNNAMED} on the class path).
 *
 * @provides GenvProvider the implementation of {@link genv.api.GenvHost}
 * @uses genv.api.spi.DeviceBackend the kinds of devices that can be had here
 */
module genv.core {
    requires transitive genv.api;
    requires static jdk.jfr;
    requires static org.jspecify;
    requires tools.jackson.core;
    requires tools.jackson.jr.ob;

    uses genv.api.spi.DeviceBackend;

    provides GenvProvider with
            CoreProvider;
}
