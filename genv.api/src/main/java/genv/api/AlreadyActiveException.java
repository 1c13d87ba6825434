// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when an environment is activated where one is active already: by this process, inherited from the process that
 * started it, or by the task scope that the caller runs in.
 *
 * <p>Leave the active environment first, or use {@link Genv#call} or {@link Genv#run}, which may be nested. Nothing was
 * changed.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class AlreadyActiveException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public AlreadyActiveException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public AlreadyActiveException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
