// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.io.IOException;

/** A call to the operating system failed: its name, its arguments and the error number. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    ErrnoException(String call, int errno) {
        super(call + " failed errno=" + errno + " (" + Errno.describe(errno) + ")");
        this.errno = errno;
    }

    /** The number, one of those in {@link Errno} or another. */
    public int errno() {
        return errno;
    }
}
