// SPDX-License-Identifier: Apache-2.0

/**
 * The public API of genv: environments that share the GPUs of one host without a daemon.
 *
 * <p>An application names this module alone. The implementation is found at run time through
 * {@link java.util.ServiceLoader}: put {@code genv.core} on the module path or the class path, and with it a backend
 * for the devices of the host ({@code genv.nvml} for NVIDIA's). Both call native functions and so need
 * {@code --enable-native-access=genv.core,genv.nvml} (on the class path {@code --enable-native-access=ALL-UNNAMED}).
 *
 * {@snippet lang = java :
 * module my.app {
 *     requires genv.api;
 * }
 * }
 *
 * {@snippet lang = shell :
 * # module path: the implementation and its backend are service providers, which resolution adds by itself
 * java --module-path app.jar:lib --enable-native-access=genv.core,genv.nvml --module my.app/my.app.Main
 * # class path
 * java --class-path 'app.jar:lib/*' --enable-native-access=ALL-UNNAMED my.app.Main
 * }
 *
 * <p>Package {@link genv.api} is for applications and begins at {@link genv.api.Genv}. Package {@link genv.api.spi} is
 * for those who write a backend for another kind of devices.
 *
 * @uses genv.api.spi.GenvProvider the one implementation, which opens hosts
 */
module genv.api {
    // Not transitive: javac would then want these annotations on the module path of every application. So signatures
    // that
    // have them suppress lint's "exports".
    requires static org.jspecify;

    exports genv.api;
    exports genv.api.spi;

    uses genv.api.spi.GenvProvider;
}
