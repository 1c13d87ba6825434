// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static genv.core.os.OperatingSystem.X86_64;

/**
 * Numbers of the Linux kernel's interface on x86-64 and aarch64.
 *
 * <p>They belong to the kernel, not to the C library, and so hold for glibc and musl alike. Where the two processors
 * differ, x86-64 is named first. Sources: the kernel's {@code asm/unistd.h}, {@code asm/stat.h},
 * {@code asm-generic/fcntl.h} and {@code linux/futex.h}.
 */
final class LinuxAbi {
    static final long SYS_FSTAT = X86_64 ? 5 : 80;
    static final long SYS_NEWFSTATAT = X86_64 ? 262 : 79;
    static final long SYS_FUTEX = X86_64 ? 202 : 98;
    static final long SYS_RENAMEAT2 = X86_64 ? 316 : 276;
    static final long SYS_MEMFD_CREATE = X86_64 ? 319 : 279;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NOCTTY = 0x100;
    static final int O_NONBLOCK = 0x800;
    static final int O_DIRECTORY = X86_64 ? 0x10000 : 0x4000;
    static final int O_NOFOLLOW = X86_64 ? 0x20000 : 0x8000;
    static final int O_CLOEXEC = 0x80000;
    static final int O_PATH = 0x200000;

    static final int AT_FDCWD = -100;
    static final int AT_SYMLINK_NOFOLLOW = 0x100;
    static final int AT_EACCESS = 0x200;
    static final int AT_REMOVEDIR = 0x200;
    static final int RENAME_NOREPLACE = 1;
    static final int MFD_CLOEXEC = 1;

    static final int R_OK = 4;
    static final int W_OK = 2;
    static final int X_OK = 1;

    static final int LOCK_EX = 2;
    static final int LOCK_NB = 4;
    static final int LOCK_UN = 8;

    static final int F_OFD_GETLK = 36;
    static final int F_OFD_SETLK = 37;
    static final short F_RDLCK = 0;
    static final short F_WRLCK = 1;
    static final short F_UNLCK = 2;

    /** {@code struct flock}: type and whence (2 bytes each), start, length, pid. */
    static final long FLOCK_TYPE = 0;

    static final long FLOCK_WHENCE = 2;
    static final long FLOCK_START = 8;
    static final long FLOCK_LENGTH = 16;
    static final long FLOCK_PID = 24;

    static final int PROT_READ_WRITE = 3;
    static final int MAP_SHARED = 1;

    static final long FUTEX_WAIT = 0;
    static final long FUTEX_WAKE = 1;

    /** {@code struct stat}: 144 bytes on x86-64, 128 on aarch64; the link count has 8 bytes on x86-64, 4 on aarch64. */
    static final long STAT_DEVICE = 0;

    static final long STAT_INODE = 8;
    static final long STAT_LINKS = X86_64 ? 16 : 20;
    static final long STAT_MODE = X86_64 ? 24 : 16;
    static final long STAT_UID = X86_64 ? 28 : 24;
    static final long STAT_GID = X86_64 ? 32 : 28;
    static final long STAT_SIZE = 48;
    /** Seconds, then nanoseconds. */
    static final long STAT_MODIFIED = 88;

    static final long STAT_CHANGED = 104;

    /** {@code struct statfs}: the number of the type of file system. */
    static final long STATFS_TYPE = 0;

    static final long PROC_FILE_SYSTEM = 0x9fa0;

    /** {@code struct passwd} of the C library: name and password (pointers), user id. */
    static final long PASSWD_UID = 16;

    private LinuxAbi() {}
}
