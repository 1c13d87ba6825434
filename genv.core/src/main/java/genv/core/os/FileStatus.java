// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * What the file system says about a file.
 *
 * @param device number of the file system
 * @param inode number of the file in it; with the device it names the file
 * @param mode type and permission bits
 * @param links how many names it has
 * @param uid owner
 * @param gid group
 * @param size in bytes
 * @param changed when content or attributes were last changed, nanoseconds since 1970; nobody can set it to another time
 */
public record FileStatus(long device, long inode, int mode, long links, int uid, int gid, long size, long changed) {
    private static final int TYPE = 0170000;

    /** Permission bits with set-id and sticky, as {@code chmod} takes them. */
    public int permissions() {
        return mode & 07777;
    }

    public boolean isRegular() {
        return (mode & TYPE) == 0100000;
    }

    public boolean isDirectory() {
        return (mode & TYPE) == 0040000;
    }

    public boolean isSymbolicLink() {
        return (mode & TYPE) == 0120000;
    }

    /** Whether this is the same file as the other, whatever has changed in it. */
    public boolean isSameFile(FileStatus other) {
        return device == other.device && inode == other.inode;
    }

    /** The type in words, for messages. */
    public String kind() {
        return switch (mode & TYPE) {
            case 0100000 -> "regular file";
            case 0040000 -> "directory";
            case 0120000 -> "symbolic link";
            case 0010000 -> "FIFO";
            case 0140000 -> "socket";
            case 0020000 -> "character device";
            case 0060000 -> "block device";
            default -> "unknown file type";
        };
    }

    /** Mode, owner and group in the form of messages. */
    public String access() {
        return "mode=" + Integer.toOctalString(permissions()) + " owner=" + Integer.toUnsignedString(uid) + " group="
                + Integer.toUnsignedString(gid);
    }

    /** From a {@code struct stat}. */
    static FileStatus of(MemorySegment stat) {
        return new FileStatus(
                stat.get(JAVA_LONG, LinuxAbi.STAT_DEVICE),
                stat.get(JAVA_LONG, LinuxAbi.STAT_INODE),
                stat.get(JAVA_INT, LinuxAbi.STAT_MODE),
                links(stat),
                stat.get(JAVA_INT, LinuxAbi.STAT_UID),
                stat.get(JAVA_INT, LinuxAbi.STAT_GID),
                size(stat),
                stat.get(JAVA_LONG, LinuxAbi.STAT_CHANGED) * 1_000_000_000L
                        + stat.get(JAVA_LONG, LinuxAbi.STAT_CHANGED + 8));
    }

    static long links(MemorySegment stat) {
        return OperatingSystem.X86_64
                ? stat.get(JAVA_LONG, LinuxAbi.STAT_LINKS)
                : stat.get(JAVA_INT, LinuxAbi.STAT_LINKS);
    }

    static long size(MemorySegment stat) {
        return stat.get(JAVA_LONG, LinuxAbi.STAT_SIZE);
    }
}
