// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the state directory or a file in it cannot be used: it is of the wrong kind, unreadable, on a network
 * file system or a full disk, from another program or a newer version, or has been deleted under the running process.
 *
 * <p>The message names the path and says what to do. What was in the files is left as it was; repeating the call helps
 * only once the cause is removed.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class StateException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public StateException(String message) {
        super(message);
    }

    /**
     * Creates an exception with a cause.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param cause what led to it, or null where nothing else did
     */
    public StateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
