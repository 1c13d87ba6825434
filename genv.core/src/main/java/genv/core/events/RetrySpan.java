// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

/** A transition that has lost a race and is tried again. */
public interface RetrySpan extends Span {
    /** Says that it has lost once more. */
    void lostAgain();
}
