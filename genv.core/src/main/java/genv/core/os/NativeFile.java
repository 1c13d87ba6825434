// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** An open file that can be read, written, sized and mapped. */
public final class NativeFile extends Descriptor {
    /** Not following a link, not waiting for a FIFO's other end, not making a terminal the controlling one. */
    static final int OPEN_EXISTING = LinuxAbi.O_RDWR | LinuxAbi.O_NOFOLLOW | LinuxAbi.O_NONBLOCK | LinuxAbi.O_NOCTTY;

    private static final CFunction FTRUNCATE = CFunction.named("ftruncate");
    private static final CFunction POSIX_FALLOCATE = CFunction.named("posix_fallocate");
    private static final CFunction FSYNC = CFunction.named("fsync");
    private static final CFunction PREAD = CFunction.named("pread");
    private static final CFunction PWRITE = CFunction.named("pwrite");
    private static final CFunction FUTIMENS = CFunction.named("futimens");
    private static final CFunction FLOCK = CFunction.named("flock");
    private static final CFunction MMAP = CFunction.named("mmap");
    private static final CFunction MUNMAP = CFunction.named("munmap");
    private static final CFunction MEMFD_CREATE = CFunction.named("syscall");

    NativeFile(int number, String name) {
        super(number, name);
    }

    /** Opens a file to read and write. Never creates, empties or follows a link; does not wait for a FIFO's other end. */
    public static NativeFile open(Path path) throws ErrnoException {
        return new NativeFile(
                openAt(LinuxAbi.AT_FDCWD, path.toString(), OPEN_EXISTING, 0, path.toString()), path.toString());
    }

    /** A new file in memory that has no name. */
    static NativeFile inMemory(String label) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            long result = MEMFD_CREATE.call(
                    buffer, LinuxAbi.SYS_MEMFD_CREATE, cString(arena, label).address(), LinuxAbi.MFD_CLOEXEC);
            check((int) result, buffer, "memfd_create name=" + label);
            return new NativeFile((int) result, label);
        } finally {
            buffer.give();
        }
    }

    /** Whether the file still has a name and exactly this size; false once it is closed. One system call. */
    public boolean isLinkedWithSize(long size) {
        CallBuffer buffer = CallBuffer.take();
        try {
            MemorySegment stat = buffer.data();
            return readStatus(buffer) && FileStatus.links(stat) != 0 && FileStatus.size(stat) == size;
        } finally {
            buffer.give();
        }
    }

    /** Sets the size; what is added reads as zeros and takes no space on the disk yet. */
    public void resize(long size) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FTRUNCATE.call(buffer, number(), size);
            check(result, buffer, "ftruncate path=" + name() + " size=" + size);
        } finally {
            buffer.give();
        }
    }

    /** Takes space on the disk for a part of the file, which keeps what it holds. Never makes the file shorter. */
    public void allocate(long offset, long length) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        int errno;
        do {
            errno = (int)
                    POSIX_FALLOCATE.call(buffer, number(), offset, length); // answers with the error number itself
        } while (errno == Errno.EINTR);
        buffer.give();
        if (errno != 0) {
            throw new ErrnoException(
                    "posix_fallocate path=" + name() + " offset=" + offset + " length=" + length, errno);
        }
    }

    /** Writes what was changed, also through a mapping, to the disk. */
    public void sync() throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FSYNC.call(buffer, number());
            check(result, buffer, "fsync path=" + name());
        } finally {
            buffer.give();
        }
    }

    /** Copies the file's first bytes; returns how many there were, at most the target's size. */
    public int readStart(MemorySegment target) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(target.byteSize());
            long result = PREAD.call(buffer, number(), copy.address(), copy.byteSize(), 0L);
            check((int) result, buffer, "pread path=" + name());
            MemorySegment.copy(copy, 0, target, 0, result);
            return (int) result;
        } finally {
            buffer.give();
        }
    }

    /** Writes bytes at the start of the file, all of them. */
    public void writeStart(byte[] bytes) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(Math.max(bytes.length, 1));
            MemorySegment.copy(bytes, 0, copy, JAVA_BYTE, 0, bytes.length);
            long done = 0;
            while (done < bytes.length) {
                long result = PWRITE.call(buffer, number(), copy.address() + done, bytes.length - done, done);
                if (result < 0 && buffer.errno() == Errno.EINTR) {
                    continue;
                }
                if (result <= 0) {
                    throw new ErrnoException(
                            "pwrite path=" + name() + " offset=" + done, result == 0 ? Errno.ENOSPC : buffer.errno());
                }
                done += result;
            }
        } finally {
            buffer.give();
        }
    }

    /** Sets the times of the file to now, which whoever may write it may do. */
    public void touch() throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FUTIMENS.call(buffer, number(), 0);
            check(result, buffer, "futimens path=" + name());
        } finally {
            buffer.give();
        }
    }

    /**
     * Marks the whole file as in use, until the descriptor is closed or {@link #unmark()} is called: an exclusive
     * {@code flock}, which belongs to this descriptor and excludes every other one, of this process too. Never waits.
     *
     * @return false if somebody else has marked it
     */
    public boolean tryMark() throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FLOCK.call(buffer, number(), LinuxAbi.LOCK_EX | LinuxAbi.LOCK_NB);
            if (result != 0 && buffer.errno() == Errno.EAGAIN) {
                return false;
            }
            check(result, buffer, "flock path=" + name());
            return true;
        } finally {
            buffer.give();
        }
    }

    /** Takes the mark of {@link #tryMark()} away. */
    public void unmark() throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FLOCK.call(buffer, number(), LinuxAbi.LOCK_UN);
            check(result, buffer, "flock path=" + name());
        } finally {
            buffer.give();
        }
    }

    /**
     * Maps the file's first bytes into memory, to read and write, shared with everybody who maps it.
     *
     * <p>Mapped from this descriptor and not from the path, so that it is certainly the file that was checked.
     *
     * @param arena closing it unmaps
     */
    @SuppressWarnings("restricted")
    public MemorySegment map(long size, Arena arena) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            long start = MMAP.call(buffer, 0, size, LinuxAbi.PROT_READ_WRITE, LinuxAbi.MAP_SHARED, number(), 0);
            if (start == -1) {
                throw new ErrnoException("mmap path=" + name() + " size=" + size, buffer.errno());
            }
            return MemorySegment.ofAddress(start).reinterpret(size, arena, NativeFile::unmap);
        } finally {
            buffer.give();
        }
    }

    private static void unmap(MemorySegment mapped) {
        CallBuffer buffer = CallBuffer.take();
        MUNMAP.call(buffer, mapped.address(), mapped.byteSize()); // fails only for an address that was not mapped
        buffer.give();
    }
}
