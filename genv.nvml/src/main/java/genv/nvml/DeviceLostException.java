// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

/** A device is gone, and with it every further question about it; never leaves this package. */
final class DeviceLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What NVML returned. */
    final int code;

    DeviceLostException(int code) {
        super("device is lost: code=" + code, null, false, false);
        this.code = code;
    }
}
