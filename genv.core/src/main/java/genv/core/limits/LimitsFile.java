// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import genv.api.StateException;
import genv.core.file.StateDirectory;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeFile;
import genv.core.rules.Limits;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The limits that the owner of a host sets: {@code limits.json} in the state directory, read again when it changes.
 *
 * <p><b>Who is believed.</b> Root and the owner of the directory. A file of anybody else is passed over, with a warning: in a
 * directory in which everybody can create files, neither may a stranger's file refuse devices to all, nor may it allow
 * anything. A file of the owner that others may write, or that is a link or no regular file, is an error: the owner meant
 * limits, and without them nothing is given out.
 *
 * <p><b>When it is read.</b> At most every tenth of a second the file is looked at, by a system call; it is read again if inode,
 * size, owner, mode or the time of its last change differ, or if the system failed to read it. A file that is replaced by renaming another one over it is the old
 * or the new one. One that is written in place can be met half-written: then it is an error like any other bad content, until
 * it is whole. Thread-safe.
 */
public final class LimitsFile {
    public static final String NAME = "limits.json";

    private static final System.Logger LOG = System.getLogger("genv.core.limits");

    private static final long LOOK_NANOS = 100_000_000;
    private static final int LARGEST = 256 * 1024;
    private static final int WRITABLE_BY_OTHERS = 0022;

    /** How often the file is opened anew because the one that was opened has lost its name. */
    private static final int MOST_REPLACED = 100;

    private final StateDirectory directory;
    private volatile @Nullable Seen seen;

    /**
     * What was seen of the file.
     *
     * @param at when it was looked at last, by {@link System#nanoTime}
     * @param status what it was; null for none
     * @param failure why it cannot be used, or null
     */
    private record Seen(
            long at,
            @Nullable FileStatus status,
            Limits.OfUsers limits,
            @Nullable StateException failure) {
        Seen lookedAt(long now) {
            return new Seen(now, status, limits, failure);
        }

        /** Whether it is still so while the file does not change: not if it was the reading that failed. */
        boolean isLasting() {
            return failure == null || !(failure.getCause() instanceof ErrnoException);
        }

        Limits.OfUsers get() {
            if (failure != null) {
                throw new StateException(String.valueOf(failure.getMessage()), failure);
            }
            return limits;
        }
    }

    public LimitsFile(StateDirectory directory) {
        this.directory = directory;
    }

    /**
     * The limits as they are now, or were a tenth of a second ago.
     *
     * @throws StateException if the file is the owner's and cannot be used
     */
    public Limits.OfUsers current() {
        Seen known = seen;
        long now = System.nanoTime();
        if (known == null || now - known.at() >= LOOK_NANOS) {
            known = look(known, now);
            seen = known;
        }
        return known.get();
    }

    private Seen look(@Nullable Seen known, long now) {
        FileStatus status = null;
        try {
            status = directory.statusOfFile(NAME).orElse(null);
            if (known != null && known.isLasting() && Objects.equals(status, known.status())) {
                return known.lookedAt(now);
            }
            return status == null ? none(now) : isStrangers(status) ? passedOver(status, now) : read(now);
        } catch (ErrnoException failed) {
            return failed.errno() == Errno.ENOENT
                    ? none(now) // removed in between
                    : new Seen(now, status, Limits.OfUsers.none(), unreadable(failed));
        }
    }

    private static Seen none(long now) {
        return new Seen(now, null, Limits.OfUsers.none(), null);
    }

    private boolean isStrangers(FileStatus status) throws ErrnoException {
        return status.uid() != 0 && status.uid() != directory.owner();
    }

    private Seen passedOver(FileStatus status, long now) throws ErrnoException {
        LOG.log(
                System.Logger.Level.WARNING,
                "the limits file is not of root or of the owner of its directory and is passed over: file=" + path()
                        + " " + status.access() + " directory_owner=" + Integer.toUnsignedString(directory.owner())
                        + "; remove it");
        return new Seen(now, status, Limits.OfUsers.none(), null);
    }

    /** Judges and reads the file that has the name; again if it was replaced by another one meanwhile. */
    private Seen read(long now) throws ErrnoException {
        for (int replaced = 0; replaced < MOST_REPLACED; replaced++) {
            try (NativeFile file = directory.openToRead(NAME)) {
                FileStatus status = file.status();
                if (isStrangers(status)) {
                    return passedOver(status, now);
                }
                Seen seen = read(file, status, now);
                if (file.status().links() >= status.links()) {
                    return seen;
                }
            }
        }
        throw new StateException("the limits file is replaced again and again: file=" + path() + " tries="
                + MOST_REPLACED + "; end the program that does so");
    }

    private Seen read(NativeFile file, FileStatus status, long now) throws ErrnoException {
        try {
            requireTrust(status);
            return new Seen(now, status, LimitsReader.read(path(), content(file, status)), null);
        } catch (StateException wrong) {
            return new Seen(now, status, Limits.OfUsers.none(), wrong);
        }
    }

    private void requireTrust(FileStatus status) {
        if (!status.isRegular()) {
            throw new StateException("the limits file is no regular file: file=" + path() + " kind=" + status.kind()
                    + " " + status.access() + "; put the file itself there: links are not followed");
        }
        if ((status.mode() & WRITABLE_BY_OTHERS) != 0) {
            throw new StateException("the limits file may be written by others than its owner: file=" + path() + " "
                    + status.access() + "; take that right away (chmod go-w)");
        }
        if (status.size() > LARGEST) {
            throw new StateException("the limits file is too large: file=" + path() + " bytes=" + status.size()
                    + " limit=" + LARGEST + "; make it smaller");
        }
    }

    private byte[] content(NativeFile file, FileStatus before) throws ErrnoException {
        byte[] content = new byte[(int) before.size()];
        int length = content.length == 0 ? 0 : file.readStart(MemorySegment.ofArray(content));
        if (length != content.length || !file.status().equals(before)) {
            throw new StateException("the limits file changed while it was read: file=" + path()
                    + "; try again, and replace it by renaming another one over it");
        }
        return content;
    }

    private StateException unreadable(ErrnoException failed) {
        if (failed.errno() == Errno.ELOOP) {
            return new StateException(
                    "the limits file is a symbolic link: file=" + path()
                            + "; put the file itself there: links are not followed",
                    failed);
        }
        return new StateException(
                "the limits file cannot be read: file=" + path() + " reason=" + failed.getMessage()
                        + "; everybody who takes part must be able to read it (chmod a+r)",
                failed);
    }

    private String path() {
        return directory.resolve(NAME).toString();
    }
}
