// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
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
    private static final MethodHandle OPENAT = Symbols.linkWithErrno(
            "openat",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(3));
    private static final MethodHandle CLOSE = Symbols.link("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FCHMOD =
            Symbols.linkWithErrno("fchmod", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle FCHOWN =
            Symbols.linkWithErrno("fchown", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle FSTAT = Symbols.linkWithErrno(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS),
            Linker.Option.firstVariadicArg(1));

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
            long result;
            try {
                result = (long) FSTAT.invokeExact(buffer.state(), LinuxAbi.SYS_FSTAT, (long) number, buffer.data());
            } catch (Throwable thrown) {
                throw Symbols.rethrow(thrown);
            }
            if (result != 0) {
                throw new ErrnoException("fstat path=" + name, buffer.errno());
            }
            return FileStatus.of(buffer.data());
        } finally {
            buffer.give();
        }
    }

    /** Sets the permission bits to exactly these, whatever the umask is. */
    public final void chmod(int mode) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            int result;
            try {
                result = (int) FCHMOD.invokeExact(buffer.state(), number, mode);
            } catch (Throwable thrown) {
                throw Symbols.rethrow(thrown);
            }
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
            int result;
            try {
                result = (int) FCHOWN.invokeExact(buffer.state(), number, uid, gid);
            } catch (Throwable thrown) {
                throw Symbols.rethrow(thrown);
            }
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
            try {
                // Linux frees the descriptor whatever close answers, so there is nothing to do about an error
                int ignored = (int) CLOSE.invokeExact(open);
            } catch (Throwable thrown) {
                throw Symbols.rethrow(thrown);
            }
        }
    }

    /** Opens a file; retried when a signal interrupts it. */
    static int openAt(int directory, String path, int flags, int mode, String shown) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cPath = cString(arena, path);
            while (true) {
                int result;
                try {
                    result = (int)
                            OPENAT.invokeExact(buffer.state(), directory, cPath, flags | LinuxAbi.O_CLOEXEC, mode);
                } catch (Throwable thrown) {
                    throw Symbols.rethrow(thrown);
                }
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
