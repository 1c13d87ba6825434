// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

/** A state directory that is being opened. */
public interface OpeningSpan extends Span {
    /** Says that it is open, and the token of this process in it. */
    void opened(long token);
}
