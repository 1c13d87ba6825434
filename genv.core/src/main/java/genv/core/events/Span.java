// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

/** Something that takes time and is being recorded. Ended once, by any thread. */
public interface Span extends AutoCloseable {
    /** Ends and records it. */
    @Override
    void close();
}
