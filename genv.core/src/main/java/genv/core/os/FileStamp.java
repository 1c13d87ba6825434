// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * What tells one content of a file from another without reading it.
 *
 * <p>The kernel's clock for file times goes in steps of up to 10 ms: two changes in place within one step that leave the
 * same size have the same stamp. So a stamp can be relied on only when its times are older than that.
 *
 * @param modified when the content was changed, nanoseconds since 1970
 * @param changed when content, owner or mode was changed, nanoseconds since 1970
 */
public record FileStamp(long device, long inode, long size, long modified, long changed) {
    private static final long NANOS = 1_000_000_000L;

    /** From a {@code struct stat}. */
    static FileStamp of(MemorySegment stat) {
        return new FileStamp(
                stat.get(JAVA_LONG, LinuxAbi.STAT_DEVICE),
                stat.get(JAVA_LONG, LinuxAbi.STAT_INODE),
                stat.get(JAVA_LONG, LinuxAbi.STAT_SIZE),
                stat.get(JAVA_LONG, LinuxAbi.STAT_MODIFIED) * NANOS + stat.get(JAVA_LONG, LinuxAbi.STAT_MODIFIED + 8),
                stat.get(JAVA_LONG, LinuxAbi.STAT_CHANGED) * NANOS + stat.get(JAVA_LONG, LinuxAbi.STAT_CHANGED + 8));
    }
}
