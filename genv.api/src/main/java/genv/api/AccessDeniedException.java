// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when an operation concerns what belongs to another user: their environment cannot be joined, changed or
 * detached.
 *
 * <p>Choose another identifier, or let the owner (or root) do it. Nothing was changed.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class AccessDeniedException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public AccessDeniedException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public AccessDeniedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
