// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

/** The session with the driver is gone, so that it must be opened anew; never leaves this package. */
final class SessionLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What NVML returned. */
    final int code;

    SessionLostException(int code) {
        super("session with the driver is lost: code=" + code, null, false, false);
        this.code = code;
    }
}
