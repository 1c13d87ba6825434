// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.GenvOptions.Sharing;
import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import java.nio.file.Path;

/**
 * Creates a state directory that nobody ever sees without its mode.
 *
 * <p>The umask applies to {@code mkdir} and belongs to the whole process, so it is left alone and the mode is set
 * afterwards: on a directory with a private name, which then gets the final name in one step. A crash in between leaves an
 * empty private directory behind. On file systems without that step the directory is created under its final name and has
 * its mode a moment later; a process of another user that comes in this moment is refused and may try again.
 */
final class DirectoryCreator {
    private DirectoryCreator() {}

    /** Creates the directory; returns as well if another process did so first. */
    static void create(Path path, Sharing sharing) {
        Path parent = path.getParent();
        Path last = path.getFileName();
        if (parent == null || last == null) {
            throw new StateException("the root of a file system cannot be created path=" + path);
        }
        int mode = sharing == Sharing.GROUP ? 03770 : 01777;
        try (NativeDirectory place = openParent(path, parent)) {
            createIn(place, last.toString(), mode, path);
        } catch (ErrnoException failed) {
            throw FileErrors.failed("the state directory could not be created", path, "", failed);
        }
    }

    private static NativeDirectory openParent(Path path, Path parent) throws ErrnoException {
        try {
            return NativeDirectory.openPlace(parent);
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.ENOENT) {
                throw new StateException(
                        "the state directory's parent does not exist path=" + path + " parent=" + parent
                                + ": create the parent, or choose another directory (GENV_TMPDIR)",
                        failed);
            }
            throw failed;
        }
    }

    private static void createIn(NativeDirectory place, String name, int mode, Path path) throws ErrnoException {
        String temporary = "." + TemporaryNames.next(name);
        place.createDirectory(temporary, 0700);
        try {
            setMode(place, temporary, mode, path);
            place.renameToFree(temporary, name);
        } catch (ErrnoException failed) {
            removeQuietly(place, temporary);
            switch (failed.errno()) {
                case Errno.EEXIST -> {
                    // another process was first, and what it made is judged like any directory that exists
                }
                case Errno.EINVAL, Errno.ENOSYS -> createInPlace(place, name, mode, path);
                default -> throw failed;
            }
        } catch (RuntimeException refused) {
            removeQuietly(place, temporary);
            throw refused;
        }
    }

    static void createInPlace(NativeDirectory place, String name, int mode, Path path) throws ErrnoException {
        try {
            place.createDirectory(name, mode);
        } catch (ErrnoException failed) {
            if (failed.errno() == Errno.EEXIST) {
                return;
            }
            throw failed;
        }
        setMode(place, name, mode, path);
    }

    private static void setMode(NativeDirectory place, String name, int mode, Path path) throws ErrnoException {
        try (NativeDirectory made = place.openDirectory(name)) {
            made.chmod(mode);
            FileStatus status = made.status();
            if (status.permissions() != mode) {
                throw new StateException("the file system does not keep permissions path=" + path + " wanted="
                        + Integer.toOctalString(mode) + " " + status.access()
                        + ": choose a directory on another file system (GENV_TMPDIR)");
            }
        }
    }

    private static void removeQuietly(NativeDirectory place, String name) {
        try {
            place.removeDirectory(name);
        } catch (ErrnoException leftBehind) {
            // the first error is the one to report
        }
    }
}
