// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

/** NVML cannot be used on this host now; the message says why and what to do. Never leaves this package. */
final class NotUsableException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Whether the driver is there and does not work, rather than not there. */
    final boolean broken;

    private NotUsableException(String reason, boolean broken) {
        super(reason, null, false, false);
        this.broken = broken;
    }

    static NotUsableException notHere(String reason) {
        return new NotUsableException(reason, false);
    }

    static NotUsableException broken(String reason) {
        return new NotUsableException(reason, true);
    }

    String reason() {
        return String.valueOf(getMessage());
    }
}
