// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.GenvOptions.Sharing;
import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.NativeFile;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * Creates a file so that its name never leads to an unfinished one.
 *
 * <p>Steps, and what a crash after each one leaves:
 * <ol>
 *   <li>A file with a random temporary name is created and marked with {@code flock}. Leaves a temporary file whose mark
 *       ended with its creator; {@link #removeAbandoned()} of the next creator takes it away. The mark, not the age, tells:
 *       no clock is asked. A creator that is overtaken before it could mark its file finds it gone and starts over.
 *   <li>It gets its mode, size and content, and is written to the disk. Leaves the same.
 *   <li>It is renamed, failing if the name is taken. Leaves the finished file.
 *   <li>Where the file system cannot rename so, it gets the name as a second one and loses the first. A crash in between
 *       leaves a finished file with two names, of which the next to open it removes the temporary one.
 * </ol>
 */
final class FileCreator {
    static final int ATTEMPTS = 100;
    private static final long SETTLE_NANOS = 1_000_000;

    private final StateDirectory directory;
    private final NativeDirectory files;
    private final String name;

    FileCreator(StateDirectory directory, String name) {
        this.directory = directory;
        this.files = directory.directory();
        this.name = name;
    }

    /** A new empty file with a temporary name and its final mode. */
    PrivateFile create() throws ErrnoException {
        removeAbandoned();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            String temporary = TemporaryNames.next(name);
            PrivateFile made = new PrivateFile(directory, temporary, files.createFile(temporary, 0600));
            try {
                // not marked: somebody who removes abandoned files has it, and will remove it
                if (made.file().tryMark()) {
                    setMode(made.file());
                    return made;
                }
                made.close();
            } catch (Throwable thrown) {
                made.close();
                throw thrown;
            }
        }
        throw tooManyAttempts();
    }

    /**
     * Gives a finished file its final name.
     *
     * @return false if another file got the name first, or this one was taken for an abandoned one: look again
     */
    boolean publish(PrivateFile made) throws ErrnoException {
        FileStatus own = made.file().status();
        try {
            files.renameToFree(made.name(), name);
        } catch (ErrnoException failed) {
            switch (failed.errno()) {
                case Errno.EEXIST, Errno.ENOENT -> {
                    return false;
                }
                case Errno.EINVAL, Errno.ENOSYS -> {
                    if (!publishByLink(made)) {
                        return false;
                    }
                }
                default -> throw failed;
            }
        }
        made.file().unmark();
        // that it was really this file which got the name, and that it still has it
        return files.statusOf(name).filter(own::isSameFile).isPresent();
    }

    boolean publishByLink(PrivateFile made) throws ErrnoException {
        try {
            files.link(made.name(), name);
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.EEXIST || failed.errno() == Errno.ENOENT) {
                return false;
            }
            throw failed;
        }
        try {
            files.unlink(made.name());
        } catch (ErrnoException failed) {
            // somebody who found two names has removed it already
            if (failed.errno() != Errno.ENOENT) {
                throw failed;
            }
        }
        return true;
    }

    /**
     * Removes temporary files of this name that nobody is working on.
     *
     * <p>What cannot be removed, because it belongs to another user, stays.
     */
    void removeAbandoned() {
        Pattern temporary = TemporaryNames.of(name);
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory.path(), name + ".*.tmp")) {
            for (Path entry : entries) {
                String candidate = String.valueOf(entry.getFileName());
                if (temporary.matcher(candidate).matches()) {
                    removeIfAbandoned(candidate);
                }
            }
        } catch (IOException | DirectoryIteratorException unreadable) {
            // whatever is wrong with the directory is reported by who uses it
        }
    }

    /**
     * What a file is, once its creator has taken its first name away, for which this waits a moment.
     *
     * <p>More than one name after that means that somebody gave it another one.
     */
    FileStatus settle(StatusSource file) throws ErrnoException {
        FileStatus status = file.status();
        for (int attempt = 0; status.links() > 1 && attempt < ATTEMPTS; attempt++) {
            removeAbandoned();
            LockSupport.parkNanos(SETTLE_NANOS);
            status = file.status();
        }
        return status;
    }

    /** Asks for the status of one certain file. */
    interface StatusSource {
        FileStatus status() throws ErrnoException;
    }

    private void removeIfAbandoned(String candidate) {
        try {
            Optional<FileStatus> status = files.statusOf(candidate);
            if (status.isEmpty() || !status.get().isRegular()) {
                return;
            }
            if (files.statusOf(name).filter(status.get()::isSameFile).isPresent()) {
                files.unlink(candidate);
                return;
            }
            try (NativeFile file = files.openFile(candidate)) {
                if (file.tryMark()) {
                    files.unlink(candidate);
                }
            }
        } catch (ErrnoException notOurs) {
            // left for somebody who may
        }
    }

    private void setMode(NativeFile file) throws ErrnoException {
        int mode = directory.fileMode();
        // a group directory gives its group to new files only if it is set-group-id, which one that existed may not be
        if (directory.sharing() == Sharing.GROUP
                && file.status().gid() != directory.status().gid()) {
            file.changeGroup(directory.status().gid());
        }
        file.chmod(mode);
        FileStatus status = file.status();
        if ((status.permissions() & 0777) != (mode & 0777)) {
            throw new StateException("the file system does not keep permissions path=" + directory.resolve(name)
                    + " wanted=" + Integer.toOctalString(mode) + " " + status.access()
                    + ": choose a directory on another file system (GENV_TMPDIR)");
        }
    }

    StateException tooManyAttempts() {
        return new StateException("a file of the state could not be created, others remove it again and again path="
                + directory.resolve(name) + " attempts=" + ATTEMPTS + ": find out who removes files there");
    }
}
