// SPDX-License-Identifier: Apache-2.0
package genv.api;

/**
 * Thrown when the lease of an environment has run out, so that it has lost its devices and locks.
 *
 * <p>The environment is still active. Attach devices again, which begins a new lease, or leave it. Nothing was changed.
 */
public final class LeaseExpiredException extends GenvException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     */
    public LeaseExpiredException(String message) {
        super(message);
    }
}
