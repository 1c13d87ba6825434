// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.file.Path;

/**
 * An open file descriptor of this process.
 *
 * <p>Any thread may use it. It is closed on exec, so no child inherits it. After {@link #close()} every call fails with
 * {@code EBADF}; a call that runs while another thread closes may reach a descriptor that was opened since, so nothing
 * but queries should be made by threads that do not know whether it is still open.
 */
public abstract sealed class Descriptor implements AutoCloseable permits NativeFile, NativeDirectory {
    private static final CFunction OPENAT = CFunction.named("openat");
    private static final CFunction CLOSE = CFunction.named("close");
    private static final CFunction FCHMOD = CFunction.named("fchmod");
    private static final CFunction FCHOWN = CFunction.named("fchown");
    /** fstat as a system call of its own, the cheapest of three: the C library's goes through newfstatat. */
    private static final CFunction FSTAT = CFunction.named("syscall");

    private static final Charset PATHS = Charset.forName(
            System.getProperty("sun.jnu.encoding", Charset.defaultCharset().name()));

    private final String name;
    private volatile int number;

    Descriptor(int number, String name) {
        this.number = number;
        this.name = name;
    }

    final int number() {
        return number;
    }

    /** The path it was opened with, for messages. */
    final String name() {
        return name;
    }

    /** What the file is now. */
    public final FileStatus status() throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            if (!readStatus(buffer)) {
                throw new ErrnoException("fstat path=" + name, buffer.errno());
            }
            return FileStatus.of(buffer.data());
        } finally {
            buffer.give();
        }
    }

    /** Reads a {@code struct stat} into the buffer; false where that fails, as after it was closed. */
    final boolean readStatus(CallBuffer buffer) {
        return FSTAT.call(buffer, LinuxAbi.SYS_FSTAT, number, buffer.data().address()) == 0;
    }

    /** Sets the permission bits to exactly these, whatever the umask is. */
    public final void chmod(int mode) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FCHMOD.call(buffer, number, mode);
            check(result, buffer, "fchmod path=" + name + " mode=" + Integer.toOctalString(mode));
        } finally {
            buffer.give();
        }
    }

    /** Gives the file to a user, which only root may, and to a group. */
    public final void changeOwner(int uid, int gid) throws ErrnoException {
        changeOwnerAndGroup(uid, gid);
    }

    /** Gives the file to a group. */
    public final void changeGroup(int gid) throws ErrnoException {
        changeOwnerAndGroup(-1, gid);
    }

    private void changeOwnerAndGroup(int uid, int gid) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) FCHOWN.call(buffer, number, uid, gid);
            check(
                    result,
                    buffer,
                    "fchown path=" + name + " owner=" + Integer.toUnsignedString(uid) + " group="
                            + Integer.toUnsignedString(gid));
        } finally {
            buffer.give();
        }
    }

    /** Closes the descriptor; does nothing the second time. */
    @Override
    public synchronized void close() {
        int open = number;
        number = -1;
        if (open >= 0) {
            CallBuffer buffer = CallBuffer.take();
            CLOSE.call(buffer, open); // Linux frees the descriptor whatever it answers: nothing to do about an error
            buffer.give();
        }
    }

    /** Opens a file; retried when a signal interrupts it. */
    static int openAt(int directory, String path, int flags, int mode, String shown) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cPath = cString(arena, path);
            while (true) {
                int result = (int) OPENAT.call(buffer, directory, cPath.address(), flags | LinuxAbi.O_CLOEXEC, mode);
                if (result >= 0) {
                    return result;
                }
                if (buffer.errno() != Errno.EINTR) {
                    throw new ErrnoException("open path=" + shown, buffer.errno());
                }
            }
        } finally {
            buffer.give();
        }
    }

    static void check(int result, CallBuffer buffer, String call) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call, buffer.errno());
        }
    }

    static MemorySegment cString(Arena arena, Path path) {
        return cString(arena, path.toString());
    }

    /** A path as the Java runtime itself passes it to the system; a path has no NUL. */
    static MemorySegment cString(Arena arena, String path) {
        byte[] bytes = path.getBytes(PATHS);
        MemorySegment string = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, string, JAVA_BYTE, 0, bytes.length);
        return string;
    }
}
