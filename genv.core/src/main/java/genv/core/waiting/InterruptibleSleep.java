// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.spi.AbstractInterruptibleChannel;

/**
 * A sleep in the kernel that ends when its thread is interrupted. Nobody but a channel is told of an interrupt at once, so
 * this is one, though nothing goes through it. Used once, by a platform thread.
 */
final class InterruptibleSleep extends AbstractInterruptibleChannel {
    private final Runnable wake;

    /** {@code wake}: ends the sleep; run by the thread that interrupts. */
    InterruptibleSleep(Runnable wake) {
        this.wake = wake;
    }

    /** Sleeps; the interrupt status tells afterwards whether an interrupt ended it. */
    void during(Runnable sleep) {
        try {
            begin();
            try {
                sleep.run();
            } finally {
                end(true);
            }
        } catch (ClosedByInterruptException _) {
            // the interrupt status is set
        } catch (AsynchronousCloseException e) {
            throw new AssertionError("nobody else closes it", e);
        }
    }

    @Override
    protected void implCloseChannel() {
        wake.run();
    }
}
