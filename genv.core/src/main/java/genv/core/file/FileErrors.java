// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.Users;
import java.nio.file.Path;

/** Turns failed system calls into exceptions that say what to do. */
final class FileErrors {
    private FileErrors() {}

    /**
     * The exception for a call that failed.
     *
     * @param fact what could not be done, such as {@code the state file could not be opened}
     * @param details more {@code name=value} pairs, or nothing
     */
    static StateException failed(String fact, Path path, String details, ErrnoException cause) {
        String values = " path=" + path + (details.isEmpty() ? "" : " " + details);
        return switch (cause.errno()) {
            case Errno.EACCES, Errno.EPERM ->
                new StateException(
                        fact + ": permission denied" + values + " " + user()
                                + ": ask the owner for access, or choose another directory (GENV_TMPDIR)",
                        cause);
            case Errno.EROFS ->
                new StateException(
                        fact + ": the file system is read-only" + values
                                + ": choose a directory that can be written (GENV_TMPDIR)",
                        cause);
            case Errno.ENOSPC ->
                new StateException(
                        fact + ": the disk is full" + values
                                + ": free space there, or choose another directory (GENV_TMPDIR)",
                        cause);
            case Errno.EDQUOT ->
                new StateException(
                        fact + ": the disk quota is used up" + values + " " + user()
                                + ": free space there, or choose another directory (GENV_TMPDIR)",
                        cause);
            case Errno.EFBIG ->
                new StateException(
                        fact + ": the file is larger than this process may write" + values
                                + ": raise its file size limit (ulimit -f)",
                        cause);
            case Errno.EMFILE, Errno.ENFILE ->
                new StateException(
                        fact + ": " + Errno.describe(cause.errno()) + values
                                + ": close files, or raise the limit (ulimit -n)",
                        cause);
            case Errno.ENAMETOOLONG ->
                new StateException(fact + ": the name is too long" + values + ": choose a shorter one", cause);
            case Errno.ELOOP ->
                new StateException(
                        fact + ": a symbolic link is in the way" + values + ": remove it, or name the real path",
                        cause);
            case Errno.ENOTDIR ->
                new StateException(
                        fact + ": a part of the path is not a directory" + values + ": choose another path", cause);
            default ->
                new StateException(
                        fact + values + " cause=" + cause.getMessage()
                                + ": choose a directory on a local file system (GENV_TMPDIR)",
                        cause);
        };
    }

    /** Who asks, in the form of messages. */
    static String user() {
        return "user=" + Users.userName() + " uid=" + Integer.toUnsignedString(Users.effectiveUserId()) + " gid="
                + Integer.toUnsignedString(Users.effectiveGroupId());
    }
}
