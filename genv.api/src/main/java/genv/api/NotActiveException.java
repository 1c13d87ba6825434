// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when an operation needs an active environment and there is none, or the inherited one has ended meanwhile.
 *
 * <p>Activate an environment first. Nothing was changed.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class NotActiveException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public NotActiveException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public NotActiveException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
