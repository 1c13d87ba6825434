// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

/** A request that stands in the shared queue. */
public interface QueueSpan extends Span {
    /** Says that it was tried, and whether it is served. */
    void tried(boolean served);
}
