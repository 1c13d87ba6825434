// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * An open directory, in which files are named without their path.
 *
 * <p>So whatever happens to the path, all files come from the directory that was checked. No call follows a symbolic
 * link in a file's name.
 */
public final class NativeDirectory extends Descriptor {
    private static final CFunction MKDIRAT = CFunction.named("mkdirat");
    private static final CFunction UNLINKAT = CFunction.named("unlinkat");
    private static final CFunction LINKAT = CFunction.named("linkat");
    private static final CFunction FACCESSAT = CFunction.named("faccessat");
    private static final CFunction NEWFSTATAT = CFunction.named("syscall");
    private static final CFunction RENAMEAT = CFunction.named("renameat");
    // through syscall, because older C libraries lack the function where the kernel has it
    private static final CFunction RENAMEAT2 = CFunction.named("syscall");

    private NativeDirectory(int number, String name) {
        super(number, name);
    }

    /** Opens a directory to read it; a symbolic link in its last element is not followed. */
    public static NativeDirectory open(Path path) throws ErrnoException {
        int flags = LinuxAbi.O_RDONLY | LinuxAbi.O_DIRECTORY | LinuxAbi.O_NOFOLLOW;
        return new NativeDirectory(
                openAt(LinuxAbi.AT_FDCWD, path.toString(), flags, 0, path.toString()), path.toString());
    }

    /** Opens a directory as a place to name files in, which needs no right to read it; follows symbolic links. */
    public static NativeDirectory openPlace(Path path) throws ErrnoException {
        int flags = LinuxAbi.O_PATH | LinuxAbi.O_DIRECTORY;
        return new NativeDirectory(
                openAt(LinuxAbi.AT_FDCWD, path.toString(), flags, 0, path.toString()), path.toString());
    }

    /** Opens a directory in this one. */
    public NativeDirectory openDirectory(String file) throws ErrnoException {
        int flags = LinuxAbi.O_RDONLY | LinuxAbi.O_DIRECTORY | LinuxAbi.O_NOFOLLOW;
        return new NativeDirectory(openAt(number(), file, flags, 0, shown(file)), shown(file));
    }

    /** Opens a file to read and write. Never creates or empties it, and does not wait for the other end of a FIFO. */
    public NativeFile openFile(String file) throws ErrnoException {
        return new NativeFile(openAt(number(), file, NativeFile.OPEN_EXISTING, 0, shown(file)), shown(file));
    }

    /** Opens a file to read. Never creates it, and does not wait for the other end of a FIFO. */
    public NativeFile openToRead(String file) throws ErrnoException {
        int flags = LinuxAbi.O_RDONLY | LinuxAbi.O_NOFOLLOW | LinuxAbi.O_NONBLOCK | LinuxAbi.O_NOCTTY;
        return new NativeFile(openAt(number(), file, flags, 0, shown(file)), shown(file));
    }

    /** Creates a file that was not there and opens it to read and write; the umask applies to the mode. */
    public NativeFile createFile(String file, int mode) throws ErrnoException {
        int flags = LinuxAbi.O_RDWR | LinuxAbi.O_CREAT | LinuxAbi.O_EXCL | LinuxAbi.O_NOFOLLOW;
        return new NativeFile(openAt(number(), file, flags, mode, shown(file)), shown(file));
    }

    /** What a path names, without opening it or following a last symbolic link; empty if nothing. */
    public static Optional<FileStatus> statusOf(Path path) throws ErrnoException {
        return statusAt(LinuxAbi.AT_FDCWD, path.toString(), path.toString());
    }

    /** What a name in this directory is, without opening it; empty if nothing. */
    public Optional<FileStatus> statusOf(String file) throws ErrnoException {
        return statusAt(number(), file, shown(file));
    }

    /** Creates a directory; the umask applies to the mode. */
    public void createDirectory(String file, int mode) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    (int) MKDIRAT.call(buffer, number(), cString(arena, file).address(), mode);
            check(result, buffer, "mkdir path=" + shown(file));
        } finally {
            buffer.give();
        }
    }

    /** Removes a name of a file. */
    public void unlink(String file) throws ErrnoException {
        remove(file, 0);
    }

    /** Removes an empty directory. */
    public void removeDirectory(String file) throws ErrnoException {
        remove(file, LinuxAbi.AT_REMOVEDIR);
    }

    /** Gives a file of this directory a second name, failing with {@code EEXIST} if that is taken. */
    public void link(String file, String second) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) LINKAT.call(
                    buffer,
                    number(),
                    cString(arena, file).address(),
                    number(),
                    cString(arena, second).address(),
                    0);
            check(result, buffer, "link from=" + shown(file) + " to=" + shown(second));
        } finally {
            buffer.give();
        }
    }

    /**
     * Renames, failing with {@code EEXIST} if the new name is taken.
     *
     * @throws ErrnoException {@code EINVAL} or {@code ENOSYS} where the file system or kernel has no such operation
     */
    public void renameToFree(String file, String free) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            long result = RENAMEAT2.call(
                    buffer,
                    LinuxAbi.SYS_RENAMEAT2,
                    number(),
                    cString(arena, file).address(),
                    number(),
                    cString(arena, free).address(),
                    LinuxAbi.RENAME_NOREPLACE);
            check((int) result, buffer, "rename from=" + shown(file) + " to=" + shown(free));
        } finally {
            buffer.give();
        }
    }

    /** Renames, in one step, whatever has the new name; neither name is followed where it is a symbolic link. */
    public void rename(String file, String taken) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) RENAMEAT.call(
                    buffer,
                    number(),
                    cString(arena, file).address(),
                    number(),
                    cString(arena, taken).address());
            check(result, buffer, "rename from=" + shown(file) + " to=" + shown(taken));
        } finally {
            buffer.give();
        }
    }

    /** Which file a name in this directory is and when it was changed, without opening it; empty if there is none. */
    public Optional<FileStamp> stampOf(String file) throws ErrnoException {
        return at(number(), file, shown(file), FileStamp::of);
    }

    /** Fails unless this process, with its effective user and groups, may list, change and search the directory. */
    public void requireAccess() throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            int wanted = LinuxAbi.R_OK | LinuxAbi.W_OK | LinuxAbi.X_OK;
            int result =
                    (int) FACCESSAT.call(buffer, number(), cString(arena, ".").address(), wanted, LinuxAbi.AT_EACCESS);
            check(result, buffer, "access path=" + name());
        } finally {
            buffer.give();
        }
    }

    private void remove(String file, int flags) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    (int) UNLINKAT.call(buffer, number(), cString(arena, file).address(), flags);
            check(result, buffer, "unlink path=" + shown(file));
        } finally {
            buffer.give();
        }
    }

    private static Optional<FileStatus> statusAt(int directory, String path, String shown) throws ErrnoException {
        return at(directory, path, shown, FileStatus::of);
    }

    private static <T> Optional<T> at(int directory, String path, String shown, Function<MemorySegment, T> reading)
            throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try (Arena arena = Arena.ofConfined()) {
            long result = NEWFSTATAT.call(
                    buffer,
                    LinuxAbi.SYS_NEWFSTATAT,
                    directory,
                    cString(arena, path).address(),
                    buffer.data().address(),
                    LinuxAbi.AT_SYMLINK_NOFOLLOW);
            if (result == 0) {
                return Optional.of(reading.apply(buffer.data()));
            }
            if (buffer.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw new ErrnoException("stat path=" + shown, buffer.errno());
        } finally {
            buffer.give();
        }
    }

    private String shown(String file) {
        return name() + "/" + file;
    }
}
