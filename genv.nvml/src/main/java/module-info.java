// SPDX-License-Identifier: Apache-2.0
/**
 * NVIDIA devices for genv, through NVML, the management library of NVIDIA's driver.
 *
 * <p>Exports nothing: put it on the module path or class path beside {@code genv.core}, which finds it by itself. It
 * calls native code and so needs {@code --enable-native-access=genv.nvml}, or, on the class path,
 * {@code --enable-native-access=ALL-UNNAMED}. Without a driver on the host it is merely not usable there.
 */
module genv.nvml {
    requires static org.jspecify;
    requires genv.api;

    provides genv.api.spi.DeviceBackend with
            genv.nvml.NvmlBackend;
}
