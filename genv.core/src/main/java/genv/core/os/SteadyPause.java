// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.util.concurrent.locks.LockSupport;

/**
 * Pauses between looks at something that cannot be awaited, also of a thread that is interrupted: it could not sleep, and a virtual
 * one would keep its carrier from those it waits for. The interrupt is kept until the end. For one thread.
 */
public final class SteadyPause implements AutoCloseable {
    private boolean isInterrupted;

    /** Sleeps for about so long; it may end earlier. */
    public void during(long nanos) {
        isInterrupted |= Thread.interrupted();
        LockSupport.parkNanos(this, nanos);
    }

    @Override
    public void close() {
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
