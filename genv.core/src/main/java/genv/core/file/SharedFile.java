// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.NativeFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A file of fixed size that every process of the host maps.
 *
 * <p>It is never seen unfinished: whoever creates it fills it under a private name first ({@link FileCreator}). One that
 * exists is opened without creating, emptying or following anything, and must be a regular file with one name and the
 * expected size. File and mapping come from one descriptor, so what was checked is what is mapped.
 *
 * <p>Any thread may use the segment until {@link #close()}. Closing fails with {@link IllegalStateException} while a native
 * call uses the segment (a waiting {@link genv.core.os.Futex}); afterwards every access throws that exception. If the file
 * is cut short by somebody, an access beyond its end throws {@link InternalError}.
 */
public final class SharedFile implements AutoCloseable {
    private static final int ATTEMPTS = 100;

    /** About what a call that waits for nothing takes, and what it never takes, even where processors are scarce. */
    private static final long CALL_NANOS = 20_000;

    private static final long LONGEST_CALL_NANOS = 10_000_000_000L;

    private final Path path;
    private final NativeFile file;
    private final long size;
    private final Arena arena;
    private final MemorySegment segment;
    private final boolean created;

    private SharedFile(Path path, NativeFile file, long size, Arena arena, MemorySegment segment, boolean created) {
        this.path = path;
        this.file = file;
        this.size = size;
        this.arena = arena;
        this.segment = segment;
        this.created = created;
    }

    /** Opens or creates a file all of whose disk space is taken when it is created. */
    public static SharedFile openOrCreate(
            StateDirectory directory, String name, long size, Consumer<MemorySegment> initializer) {
        return openOrCreate(directory, name, size, size, HeaderCheck.NONE, initializer);
    }

    /**
     * Opens a file, or creates it where there is none.
     *
     * @param size in bytes
     * @param reserve how many bytes from the start get their disk space when the file is created; what lies behind is a
     *     hole, and the first write into a page of it on a full disk throws {@link InternalError}: see {@link #reserve}.
     *     File systems that never write in place (btrfs, ZFS) may run out even of what was reserved
     * @param check is shown the start of a file that exists, before its size is judged
     * @param initializer fills a new file of zeros before anybody else can see it; may be called more than once, each time
     *     for another file
     * @throws StateException if what has the name cannot be used, permissions forbid it, or the disk is full
     */
    public static SharedFile openOrCreate(
            StateDirectory directory,
            String name,
            long size,
            long reserve,
            HeaderCheck check,
            Consumer<MemorySegment> initializer) {
        if (size <= 0 || reserve < 0 || reserve > size) {
            throw new IllegalArgumentException("sizes do not fit size=" + size + " reserve=" + reserve);
        }
        FileCreator creator = new FileCreator(directory, name);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<SharedFile> opened = open(directory, name, size, check, creator);
            if (opened.isEmpty()) {
                opened = create(directory, name, size, reserve, creator, initializer);
            }
            if (opened.isPresent()) {
                return opened.get();
            }
        }
        throw creator.tooManyAttempts();
    }

    /**
     * Refuses what has the name and cannot be the file, as {@link #openOrCreate} does; creates nothing.
     *
     * @throws StateException if it cannot be used
     */
    public static void requireSound(StateDirectory directory, String name, long size, HeaderCheck check) {
        open(directory, name, size, check, new FileCreator(directory, name)).ifPresent(SharedFile::close);
    }

    /** The whole file; reads and writes are seen by every process that maps it. */
    public MemorySegment segment() {
        return segment;
    }

    /** Where it was opened. */
    public Path path() {
        return path;
    }

    /** Whether this call made the file, and did not find it. */
    public boolean isCreated() {
        return created;
    }

    /** Whether the file still has a name and its size: one system call on the open file. False once it is closed. */
    public boolean isIntact() {
        return file.isLinkedWithSize(size);
    }

    /**
     * Whether the path still leads to this file. Dearer than {@link #isIntact()}, and also notices a renamed directory.
     *
     * <p>True as well where the path cannot be followed any more, such as by a process that has given up its rights.
     */
    public boolean isInPlace() {
        try {
            return NativeDirectory.statusOf(path)
                    .filter(file.status()::isSameFile)
                    .isPresent();
        } catch (ErrnoException unreachable) {
            return unreachable.errno() == Errno.EACCES;
        }
    }

    /**
     * Takes disk space for a part of the file, which keeps its content.
     *
     * @throws StateException if the disk is full
     */
    public void reserve(long offset, long length) {
        if (offset < 0 || length <= 0 || length > size - offset) {
            throw new IllegalArgumentException(
                    "not a part of the file offset=" + offset + " length=" + length + " size=" + size);
        }
        try {
            file.allocate(offset, length);
        } catch (ErrnoException failed) {
            throw FileErrors.failed(
                    "disk space could not be reserved", path, "offset=" + offset + " length=" + length, failed);
        }
    }

    /** Unmaps the file and closes it. Waits for calls of the kernel that have a word of it, such as the waking of a sleeper. */
    @Override
    public synchronized void close() {
        try {
            long start = System.nanoTime();
            while (!unmap() && System.nanoTime() - start < LONGEST_CALL_NANOS) {
                LockSupport.parkNanos(CALL_NANOS);
            }
            if (arena.scope().isAlive()) {
                arena.close(); // which says what is wrong
            }
        } finally {
            file.close();
        }
    }

    /** False while a call has a word of the file. */
    private boolean unmap() {
        if (arena.scope().isAlive()) {
            try {
                arena.close();
            } catch (IllegalStateException inUse) {
                return false;
            }
        }
        return true;
    }

    /** Refuses everything that cannot be the file, by its type. */
    static void requireRegular(Path path, FileStatus status) {
        if (!status.isRegular()) {
            throw new StateException("something that is not a regular file has the name of a state file path=" + path
                    + " kind=" + status.kind() + " " + status.access()
                    + ": remove it, or choose another directory (GENV_TMPDIR)");
        }
    }

    /** Refuses a file that somebody gave a second name: it may be a file of somebody else, put here to be written. */
    static void requireOneName(Path path, FileStatus status) {
        if (status.links() > 1) {
            throw new StateException("the state file has not exactly one name path=" + path + " links=" + status.links()
                    + " inode=" + status.inode() + " " + status.access()
                    + ": remove the other names (find -inum), or choose another directory (GENV_TMPDIR)");
        }
    }

    /** Opens what is there; empty if nothing is, or if it changed meanwhile: then look again. */
    private static Optional<SharedFile> open(
            StateDirectory directory, String name, long size, HeaderCheck check, FileCreator creator) {
        Path path = directory.resolve(name);
        String details = "";
        try {
            // before it is opened, since opening a device can do something
            Optional<FileStatus> found = directory.directory().statusOf(name);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            requireRegular(path, found.get());
            details = found.get().access();
            NativeFile file = directory.directory().openFile(name);
            try {
                Optional<SharedFile> opened = use(path, file, size, check, creator);
                if (opened.isEmpty()) {
                    file.close();
                }
                return opened;
            } catch (Throwable thrown) {
                file.close();
                throw thrown;
            }
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw FileErrors.failed("the state file could not be opened", path, details, failed);
        }
    }

    private static Optional<SharedFile> use(
            Path path, NativeFile file, long size, HeaderCheck check, FileCreator creator) throws ErrnoException {
        requireRegular(path, file.status());
        FileStatus status = creator.settle(file::status);
        if (status.links() == 0) {
            return Optional.empty();
        }
        requireOneName(path, status);
        showHeader(file, status.size(), check);
        requireSize(path, status.size(), size);
        return Optional.of(map(path, file, size, false));
    }

    private static void showHeader(NativeFile file, long fileSize, HeaderCheck check) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(HeaderCheck.MAX_BYTES, 8);
            int length = file.readStart(header);
            check.check(header.asSlice(0, length).asReadOnly(), fileSize);
        }
    }

    private static void requireSize(Path path, long found, long size) {
        if (found == size) {
            return;
        }
        String values = " path=" + path + " size=" + found + " expected=" + size;
        String remedy = ": remove it when no process uses the state directory";
        if (found == 0) {
            throw new StateException("the state file is empty" + values + remedy);
        }
        throw new StateException(
                found < size
                        ? "the state file is too short, something has cut it" + values + remedy
                        : "the state file is too long, something has written to it" + values + remedy);
    }

    /** Creates the file; empty if somebody else did so first. */
    private static Optional<SharedFile> create(
            StateDirectory directory,
            String name,
            long size,
            long reserve,
            FileCreator creator,
            Consumer<MemorySegment> initializer) {
        Path path = directory.resolve(name);
        try (PrivateFile made = creator.create()) {
            made.file().resize(size);
            if (reserve > 0) {
                made.file().allocate(0, reserve);
            }
            SharedFile mapped = map(path, made.file(), size, true);
            try {
                initialize(path, mapped.segment, initializer);
                made.file().sync();
                if (creator.publish(made)) {
                    made.release();
                    return Optional.of(mapped);
                }
            } catch (Throwable thrown) {
                mapped.arena.close();
                throw thrown;
            }
            mapped.arena.close();
            return Optional.empty();
        } catch (ErrnoException failed) {
            throw FileErrors.failed("the state file could not be created", path, "size=" + size, failed);
        }
    }

    private static void initialize(Path path, MemorySegment segment, Consumer<MemorySegment> initializer) {
        try {
            initializer.accept(segment);
        } catch (InternalError noPage) {
            // the runtime's form of SIGBUS: the file system had no block for a page behind the reserved ones
            throw new StateException(
                    "the state file could not be filled, the disk is probably full path=" + path + " size="
                            + segment.byteSize() + ": free space there, or choose another directory (GENV_TMPDIR)",
                    noPage);
        }
    }

    private static SharedFile map(Path path, NativeFile file, long size, boolean created) throws ErrnoException {
        Arena arena = Arena.ofShared();
        try {
            return new SharedFile(path, file, size, arena, file.map(size, arena), created);
        } catch (Throwable thrown) {
            arena.close();
            throw thrown;
        }
    }
}
