// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.spi.DeviceBackend;
import genv.testkit.tck.DeviceBackendTck;

/** The rules for every backend, on this machine's own NVML; what needs devices is skipped where there are none. */
class NvmlHardwareTckTest extends DeviceBackendTck {
    @Override
    protected DeviceBackend backend() {
        return new NvmlBackend();
    }
}
