// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import genv.api.GenvException;
import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Checks on the live file that both kinds of locks make; by its path, because opening and closing it can lose locks. */
final class LiveFile {
    private LiveFile() {}

    /** Refuses whatever is not a regular file with one name, without opening it. */
    static void requireSound(Path path) {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!attributes.isRegularFile()) {
                throw new StateException("the live file is not a regular file path=" + path + " kind="
                        + kind(attributes) + ": remove it when no process uses the state directory");
            }
        } catch (NoSuchFileException missing) {
            throw new StateException("the live file does not exist path=" + path + ": open the host again", missing);
        } catch (IOException failed) {
            throw unusable("examined", path, failed);
        }
    }

    static void requireSound(Path path, FileStatus status) {
        if (!status.isRegular()) {
            throw new StateException("the live file is not a regular file path=" + path + " kind=" + status.kind()
                    + ": remove it when no process uses the state directory");
        }
        if (status.links() != 1) {
            throw new StateException("the live file has not exactly one name path=" + path + " links=" + status.links()
                    + " inode=" + status.inode() + ": remove the other names (find -inum)");
        }
    }

    static GenvException unusable(String done, Path path, IOException cause) {
        String message = "the live file could not be " + done + " path=" + path + " user="
                + System.getProperty("user.name", "?") + " cause=" + cause.getMessage();
        String advice = isDenied(cause) ? ": ask its owner for read and write access" : ": see the cause";
        return new StateException(message + advice, cause);
    }

    private static boolean isDenied(IOException cause) {
        return cause instanceof AccessDeniedException
                || (cause instanceof ErrnoException failed
                        && (failed.errno() == Errno.EACCES || failed.errno() == Errno.EPERM));
    }

    private static String kind(BasicFileAttributes attributes) {
        if (attributes.isSymbolicLink()) {
            return "symbolic link";
        }
        return attributes.isDirectory() ? "directory" : "special file";
    }
}
