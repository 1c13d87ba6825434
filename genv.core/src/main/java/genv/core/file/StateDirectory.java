// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.GenvOptions.Sharing;
import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.NativeFile;
import genv.core.os.OperatingSystem;
import genv.core.os.Users;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The directory in which the processes of a host meet.
 *
 * <p>It is opened once and held: all files are named relative to it, so it does not matter what happens to its path later.
 * Its files have sticky mode bits, which mean nothing to Linux, but which programs that remove old files respect.
 *
 * <p>What is accepted:
 * <ul>
 *   <li>A real directory on a local file system that this user may list, change and search. No symbolic link in its last
 *       element.
 *   <li>A directory of root or of this user, with whatever permissions.
 *   <li>A directory of another ordinary user, unless everybody may write it and it is not sticky: then everybody could
 *       remove and replace the files, by mistake too. With the sticky bit, or where only a group may write, it is accepted:
 *       whoever comes first to a host creates the directory, and the others have to go along. That user, as the owner of
 *       the directory, could still remove files; whoever does not want to rely on it has root create the directory, at
 *       boot for instance.
 * </ul>
 * A directory that is replaced while it is used is noticed by {@link SharedFile#isIntact()} when its files go.
 */
public final class StateDirectory implements AutoCloseable {
    private static final int STICKY = 01000;
    private static final int WORLD_WRITABLE = 0002;

    private final Path path;
    private final Sharing sharing;
    private final NativeDirectory directory;
    private final FileStatus status;

    private StateDirectory(Path path, Sharing sharing, NativeDirectory directory, FileStatus status) {
        this.path = path;
        this.sharing = sharing;
        this.directory = directory;
        this.status = status;
    }

    /**
     * Opens a state directory and creates it if there is none.
     *
     * <p>A new one has mode 01777 or, for {@link Sharing#GROUP}, 03770, whatever the umask is; one that exists keeps its
     * mode. Only the last element of the path is created.
     *
     * @throws StateException if it cannot serve
     */
    public static StateDirectory open(Path path, Sharing sharing) {
        if (!OperatingSystem.isSupported()) {
            throw new StateException(
                    "this system is not supported " + OperatingSystem.describe() + ": use Linux on x86-64 or aarch64");
        }
        if (!path.getFileSystem().equals(FileSystems.getDefault())) {
            throw new StateException(
                    "the state directory is not on the host's own file system path=" + path + " scheme="
                            + path.getFileSystem().provider().getScheme() + ": choose a local directory (GENV_TMPDIR)");
        }
        Path absolute = path.toAbsolutePath().normalize();
        try {
            if (statusOf(absolute).isEmpty()) {
                DirectoryCreator.create(absolute, sharing);
            }
            return openExisting(absolute, sharing);
        } catch (ErrnoException failed) {
            throw FileErrors.failed("the state directory could not be opened", absolute, "", failed);
        }
    }

    /**
     * Opens a state directory of Python Genv, which must exist. Genv makes it with mode 0777, without the sticky bit, and its
     * users replace each other's files: so that everybody may remove them is no reason to refuse it.
     *
     * @throws StateException if it cannot serve
     */
    public static StateDirectory openOpenToAll(Path path) {
        return openOpenToAll(path, true);
    }

    /** The same for who changes nothing in it: a container may lack the right to. */
    public static StateDirectory openToLook(Path path) {
        return openOpenToAll(path, false);
    }

    private static StateDirectory openOpenToAll(Path path, boolean toChange) {
        Path absolute = path.toAbsolutePath().normalize();
        try {
            return openExisting(absolute, Sharing.EVERYONE, false, toChange);
        } catch (ErrnoException failed) {
            throw FileErrors.failed("the state directory could not be opened", absolute, "", failed);
        }
    }

    private static StateDirectory openExisting(Path path, Sharing sharing) throws ErrnoException {
        return openExisting(path, sharing, true, true);
    }

    private static StateDirectory openExisting(Path path, Sharing sharing, boolean protectedFiles, boolean toChange)
            throws ErrnoException {
        FileStatus found = statusOf(path)
                .orElseThrow(() -> new StateException(
                        "the state directory was removed while it was opened path=" + path + ": try again"));
        requireKind(path, found);
        NativeDirectory directory = openForUse(path, found);
        try {
            FileStatus status = directory.status();
            if (protectedFiles) {
                requireTrust(path, status);
            }
            if (toChange) {
                requireAccess(path, directory, status);
            }
            NetworkFileSystems.typeOf(path).ifPresent(type -> {
                throw new StateException("the state directory is on a network file system path=" + path + " type="
                        + type + ": choose a directory on a local one (GENV_TMPDIR)");
            });
            return new StateDirectory(path, sharing, directory, status);
        } catch (Throwable thrown) {
            directory.close();
            throw thrown;
        }
    }

    /** The absolute path. */
    public Path path() {
        return path;
    }

    /** The path of a file in the directory, for messages. */
    public Path resolve(String name) {
        return path.resolve(name);
    }

    /** Who may take part, for what is created. */
    public Sharing sharing() {
        return sharing;
    }

    /** The mode of the files in it. */
    public int fileMode() {
        return sharing == Sharing.GROUP ? 01660 : 01666;
    }

    /**
     * Makes sure that an empty regular file of this name is there, and never opens one that exists.
     *
     * @return its path
     * @throws StateException if something else has the name
     */
    public Path ensureFile(String name) {
        FileCreator creator = new FileCreator(this, name);
        try {
            for (int attempt = 0; attempt < FileCreator.ATTEMPTS; attempt++) {
                Optional<FileStatus> found = directory.statusOf(name);
                if (found.isPresent()) {
                    SharedFile.requireRegular(resolve(name), found.get());
                    FileStatus last = found.get();
                    SharedFile.requireOneName(
                            resolve(name),
                            creator.settle(() -> directory.statusOf(name).orElse(last)));
                    return resolve(name);
                }
                try (PrivateFile made = creator.create()) {
                    if (creator.publish(made)) {
                        return resolve(name);
                    }
                }
            }
            throw creator.tooManyAttempts();
        } catch (ErrnoException failed) {
            throw FileErrors.failed("a file of the state could not be created", resolve(name), "", failed);
        }
    }

    /** What a name in the directory is, without opening it; empty if nothing. */
    public Optional<FileStatus> statusOfFile(String name) throws ErrnoException {
        return directory.statusOf(name);
    }

    /** Opens a file of the directory to read; follows no link, waits for nobody. */
    public NativeFile openToRead(String name) throws ErrnoException {
        return directory.openToRead(name);
    }

    /** The user who owns the directory now. */
    public int owner() throws ErrnoException {
        return directory.status().uid();
    }

    /** Lets go of the directory; files opened in it stay open. */
    @Override
    public void close() {
        directory.close();
    }

    NativeDirectory directory() {
        return directory;
    }

    /** What the directory was when it was opened. */
    FileStatus status() {
        return status;
    }

    private static Optional<FileStatus> statusOf(Path path) throws ErrnoException {
        return NativeDirectory.statusOf(path);
    }

    private static void requireKind(Path path, FileStatus found) {
        if (found.isSymbolicLink()) {
            throw new StateException("the state directory is a symbolic link path=" + path + " " + found.access()
                    + ": name the directory itself (GENV_TMPDIR), or remove the link");
        }
        if (!found.isDirectory()) {
            throw new StateException("the state directory is not a directory path=" + path + " kind=" + found.kind()
                    + " " + found.access() + ": remove it, or choose another path (GENV_TMPDIR)");
        }
    }

    private static NativeDirectory openForUse(Path path, FileStatus found) throws ErrnoException {
        try {
            return NativeDirectory.open(path);
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.EACCES) {
                throw denied(path, found, failed);
            }
            throw failed;
        }
    }

    private static void requireAccess(Path path, NativeDirectory directory, FileStatus status) throws ErrnoException {
        try {
            directory.requireAccess();
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.EACCES) {
                throw denied(path, status, failed);
            }
            throw failed;
        }
    }

    private static StateException denied(Path path, FileStatus status, ErrnoException cause) {
        return new StateException(
                "the state directory cannot be read, written and searched by this user path=" + path + " "
                        + status.access() + " " + FileErrors.user()
                        + ": ask its owner for access, or choose another directory (GENV_TMPDIR)",
                cause);
    }

    private static void requireTrust(Path path, FileStatus status) {
        boolean ownedByStranger = status.uid() != 0 && status.uid() != Users.effectiveUserId();
        boolean freeForAll = (status.mode() & WORLD_WRITABLE) != 0 && (status.mode() & STICKY) == 0;
        if (ownedByStranger && freeForAll) {
            throw new StateException("everybody may remove files of others from the state directory path=" + path + " "
                    + status.access() + " " + FileErrors.user()
                    + ": have its owner set the sticky bit (chmod +t), or choose another directory (GENV_TMPDIR)");
        }
    }
}
