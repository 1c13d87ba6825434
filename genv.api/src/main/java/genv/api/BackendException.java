// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when devices are needed and the backend for them cannot say: none is usable, several are, or the driver fails.
 *
 * <p>Environments without devices work without any backend. Nothing was changed; the cause, where there is one, is what
 * the driver reported.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class BackendException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public BackendException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
