// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * The superclass of what genv throws about environments, devices and the host. The subclass says what the caller can do
 * about it; this class itself is thrown where there is nothing more to say than the message.
 *
 * <p>The message states the fact in lower case, then values as {@code name=value}, then what to do. An operation that
 * throws has changed nothing, unless its description says otherwise. Arguments that could never be right are reported
 * as {@link IllegalArgumentException} instead.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public class GenvException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public GenvException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public GenvException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
