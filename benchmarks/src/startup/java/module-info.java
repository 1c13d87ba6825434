// SPDX-License-Identifier: Apache-2.0

/** Two programs whose starts are compared, and a backend with two devices, so that nothing of a test is loaded. */
module genv.benchmarks.program {
    requires genv.api;

    provides genv.api.spi.DeviceBackend with
            genv.benchmarks.program.TwoDevices;
}
