// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import java.lang.foreign.MemorySegment;

/** Looks at the beginning of a file that exists, before anything else about its content is judged. */
@FunctionalInterface
public interface HeaderCheck {
    /** At most this many bytes are shown. */
    int MAX_BYTES = 4096;

    /** Accepts everything. */
    HeaderCheck NONE = (header, fileSize) -> {};

    /**
     * Throws what should be reported instead of a wrong size, such as that the file is of another version.
     *
     * @param header a copy of the file's first bytes; shorter than {@link #MAX_BYTES} if the file is, possibly empty
     * @param fileSize the file's size in bytes
     */
    void check(MemorySegment header, long fileSize);
}
