// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStamp;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.NativeFile;
import genv.core.state.CrashPoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A directory of small files that are read and replaced as a whole, and of files that only serve to be locked.
 *
 * <p>A file is replaced by writing another one beside it, to the disk, and renaming that: whoever opens it finds the old
 * content or the new one, whatever is killed or full. Replacing is for one process at a time, which the caller sees to by a
 * {@link Flock}; reading is for anybody. No symbolic link is followed and only regular files are opened. Thread-safe.
 */
public final class PlainDirectory implements AutoCloseable {
    /** Permissions of the files in a directory that everybody may write, whatever the umask is. */
    private static final int FILE_MODE = 0666;

    private static final int STICKY = 01000;

    /** A file that is larger is none of ours: reading it would only fill the memory. */
    private static final long MAX_SIZE = 64L << 20;

    /** Added to a file's name while its successor is written; one that lies there was left by the dead. */
    private static final String NEXT = ".genv.tmp";

    private final Path path;
    private final NativeDirectory directory;

    private PlainDirectory(Path path, NativeDirectory directory) {
        this.path = path;
        this.directory = directory;
    }

    /** Opens a directory that exists. */
    public static PlainDirectory open(Path path) {
        StateDirectory checked = StateDirectory.openOpenToAll(path);
        return new PlainDirectory(checked.path(), checked.directory());
    }

    /** Opens a directory that exists, whether or not anything in it may be changed. */
    public static PlainDirectory openToLook(Path path) {
        StateDirectory checked = StateDirectory.openToLook(path);
        return new PlainDirectory(checked.path(), checked.directory());
    }

    /** Opens a directory in this one, and creates it first where there is none, like this one for whoever may write. */
    public PlainDirectory subdirectory(String name) {
        Path shown = path.resolve(name);
        try {
            if (directory.statusOf(name).isEmpty()) {
                create(name);
            }
            return new PlainDirectory(shown, directory.openDirectory(name));
        } catch (ErrnoException failed) {
            throw FileErrors.failed("a directory of the state could not be opened", shown, "", failed);
        }
    }

    private void create(String name) throws ErrnoException {
        int mode = directory.status().permissions() & 02777;
        try {
            directory.createDirectory(name, mode);
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.EEXIST) {
                return;
            }
            throw failed;
        }
        try (NativeDirectory made = directory.openDirectory(name)) {
            made.chmod(mode);
        }
    }

    public Path path() {
        return path;
    }

    /** The path of a file in it, for messages. */
    public Path resolve(String name) {
        return path.resolve(name);
    }

    /** Names of what is in it, in no order. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (Path entry : entries) {
                names.add(String.valueOf(entry.getFileName()));
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            throw new StateException(
                    "a directory of the state cannot be listed: path=" + path + " reason=" + unreadable
                            + "; check its permissions",
                    unreadable);
        }
        return names;
    }

    /** Whether something has a name in it. */
    public boolean has(String name) {
        try {
            return directory.statusOf(name).isPresent();
        } catch (ErrnoException failed) {
            throw unreadable(name, failed);
        }
    }

    /** Whether a name in it is that of a directory that is open. */
    public boolean leadsTo(String name, PlainDirectory opened) {
        try {
            return directory
                    .statusOf(name)
                    .filter(opened.directory.status()::isSameFile)
                    .isPresent();
        } catch (ErrnoException failed) {
            throw unreadable(name, failed);
        }
    }

    /**
     * Refuses to go on in a directory that others do not find under its path: it was moved, removed, or replaced by another.
     * Where the path cannot be followed any more, such as by a process that has given up its rights, that is not known.
     */
    public void requireInPlace() {
        try {
            FileStatus own = directory.status();
            if (own.links() > 0
                    && NativeDirectory.statusOf(path).filter(own::isSameFile).isPresent()) {
                return;
            }
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.EACCES) {
                return;
            }
            throw FileErrors.failed("the state directory could not be read", path, "", failed);
        }
        throw new StateException("the state directory was deleted, replaced or moved away while it was in use: path="
                + path + "; nothing was given out: end the programs that use it and start them again");
    }

    /** Which content a file has, without reading it; empty where there is none. */
    public Optional<FileStamp> stamp(String name) {
        try {
            return directory.stampOf(name);
        } catch (ErrnoException failed) {
            throw unreadable(name, failed);
        }
    }

    /** The content of a file; empty where there is none. */
    public Optional<byte[]> read(String name) {
        try (NativeFile file = directory.openFile(name)) {
            FileStatus status = file.status();
            SharedFile.requireRegular(resolve(name), status);
            if (status.size() > MAX_SIZE) {
                throw new StateException("a file of the state is far too large: path=" + resolve(name) + " bytes="
                        + status.size() + " limit=" + MAX_SIZE + "; find out who has written it, and move it away");
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment content = arena.allocate(Math.max(status.size(), 1));
                int length = file.readStart(content);
                return Optional.of(
                        content.asSlice(0, Math.min(length, status.size())).toArray(ValueLayout.JAVA_BYTE));
            }
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.ENOENT) {
                requireInPlace();
                return Optional.empty();
            }
            throw unreadable(name, failed);
        }
    }

    /**
     * Writes the next content of a file to the disk, beside the file. What can fail for lack of space or permission fails
     * here, with nothing changed.
     */
    public Replacement prepare(String name, byte[] content) {
        String next = name + NEXT;
        try (NativeFile file = createNext(name, next)) {
            CrashPoint.FILE_BEGUN.reach();
            file.writeStart(content);
            file.sync();
            CrashPoint.FILE_WRITTEN.reach();
            return new Replacement(name, next);
        } catch (ErrnoException failed) {
            removeQuietly(next);
            throw notWritten(name, failed);
        }
    }

    private StateException notWritten(String name, ErrnoException failed) {
        if (failed.errno() == Errno.EPERM && isSticky()) {
            return new StateException(
                    "a file of the state could not be replaced, it is as it was: the sticky bit of the directory lets"
                            + " only its owner do so, and Genv's users replace each other's files:"
                            + " path=" + resolve(name) + " "
                            + FileErrors.user() + "; have the owner of the directory take the bit away (chmod -t "
                            + path
                            + "), or choose a directory that is used for nothing else (GENV_TMPDIR)",
                    failed);
        }
        return FileErrors.failed(
                "a file of the state could not be written, it is as it was", resolve(name), "", failed);
    }

    /** Whether only its owner may replace a file. */
    public boolean isSticky() {
        return (permissions() & STICKY) != 0;
    }

    /** Lets everybody who may write the directory replace the files of others, or not, where this user may decide that. */
    public void trySticky(boolean sticky) {
        int others = permissions() & ~STICKY;
        try {
            directory.chmod(sticky ? others | STICKY : others);
        } catch (ErrnoException notOurs) {
            // who is hindered by it is told
        }
    }

    /** The next content of a file; removed when it is closed unless it was published. For one thread. */
    public final class Replacement implements AutoCloseable {
        private final String name;
        private final String next;
        private boolean published;

        private Replacement(String name, String next) {
            this.name = name;
            this.next = next;
        }

        /** Makes it the content of the file, in one step. */
        public void publish() {
            try {
                directory.rename(next, name);
            } catch (ErrnoException failed) {
                throw notWritten(name, failed);
            }
            published = true;
            CrashPoint.FILE_REPLACED.reach();
        }

        @Override
        public void close() {
            if (!published) {
                removeQuietly(next);
            }
        }
    }

    private NativeFile createNext(String name, String next) throws ErrnoException {
        Optional<FileStatus> old = directory.statusOf(name);
        int mode = old.isPresent()
                ? old.get().permissions() & 0777
                : FILE_MODE & directory.status().permissions();
        if (directory.statusOf(next).isPresent()) {
            directory.unlink(next);
        }
        NativeFile file = directory.createFile(next, 0600);
        try {
            if (old.isPresent()) {
                keepOwner(file, old.get());
            }
            file.chmod(mode);
            return file;
        } catch (ErrnoException failed) {
            file.close();
            throw failed;
        }
    }

    /**
     * Leaves the file to whom it belongs, as far as this process may: a replacement that root has written would otherwise shut
     * out an owner or a group whose file it was.
     */
    private static void keepOwner(NativeFile file, FileStatus old) throws ErrnoException {
        FileStatus made = file.status();
        if (made.uid() == old.uid() && made.gid() == old.gid()) {
            return;
        }
        try {
            file.changeOwner(old.uid(), old.gid());
        } catch (ErrnoException notRoot) {
            try {
                file.changeGroup(old.gid());
            } catch (ErrnoException notInTheGroup) {
                // who could open the old file to write it may replace it, and the mode is the same
            }
        }
    }

    /** Removes a file, if it is there. */
    public void remove(String name) {
        try {
            directory.unlink(name);
        } catch (ErrnoException failed) {
            if (failed.errno() != Errno.ENOENT) {
                throw FileErrors.failed("a file of the state could not be removed", resolve(name), "", failed);
            }
        }
    }

    /** The permissions of the directory itself. */
    public int permissions() {
        try {
            return directory.status().permissions();
        } catch (ErrnoException failed) {
            throw FileErrors.failed("the state directory could not be read", path, "", failed);
        }
    }

    private void removeQuietly(String name) {
        try {
            directory.unlink(name);
        } catch (ErrnoException leftBehind) {
            // the first error is the one to report, and the next one to write removes it
        }
    }

    private StateException unreadable(String name, ErrnoException failed) {
        return FileErrors.failed("a file of the state could not be read", resolve(name), "", failed);
    }

    NativeDirectory directory() {
        return directory;
    }

    @Override
    public void close() {
        directory.close();
    }
}
