// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the thread is interrupted while an activation or an attachment waits for devices.
 *
 * <p>The interrupt status of the thread is set again before it is thrown. The request has left the queue, and nothing
 * was changed.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class InterruptedWaitException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public InterruptedWaitException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public InterruptedWaitException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
