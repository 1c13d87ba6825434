// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import genv.api.StateException;
import genv.core.events.FlightEvents;
import genv.core.file.StateDirectory;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeFile;
import genv.core.os.Users;
import genv.core.rules.Limits;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The limits that the owner of a host sets: {@code limits.json} in the state directory, read again when it changes.
 *
 * <p><b>Who is believed.</b> Root and the owner of the directory. A file of anybody else is passed over, with a warning: in a
 * directory in which everybody can create files, neither may a stranger's file refuse devices to all, nor may it allow
 * anything. A file of the owner that others may write, or that is a link or no regular file, is an error: the owner meant
 * limits, and without them nothing is given out. So is one with a second name: a stranger may have given it this one.
 *
 * <p><b>When it is read.</b> At most every tenth of a second the file is looked at, by a system call; it is read again if inode,
 * size, owner, mode or the time of its last change differ, if the system failed to read it, and every minute as long as it names
 * a user that the host does not have. A file that is replaced by renaming another one over it is the old or the new one. One
 * that is written in place can be met half-written: then it is an error like any other bad content, until it is whole.
 * Thread-safe.
 */
public final class LimitsFile {
    public static final String NAME = "limits.json";

    private static final long LOOK_NANOS = 100_000_000;
    private static final Duration LOOK_UP_AGAIN = Duration.ofMinutes(1);
    private static final int LARGEST = 256 * 1024;
    private static final int WRITABLE_BY_OTHERS = 0022;

    /** How often the file is opened anew because the one that was opened has lost its name. */
    private static final int MOST_REPLACED = 100;

    private final StateDirectory directory;
    private final LimitsReader.UserIds ids;
    private final long lookUpAgainNanos;
    private volatile @Nullable Seen seen;

    /**
     * What the file says.
     *
     * @param failure why it cannot be used, or null
     */
    public record Reading(Limits.OfUsers limits, @Nullable StateException failure) {
        /** Of nothing that is limited. */
        public static final Reading NONE = new Reading(Limits.OfUsers.none(), null);

        /**
         * The limits.
         *
         * @throws StateException if the file is the owner's and cannot be used
         */
        public Limits.OfUsers orThrow() {
            if (failure != null) {
                throw new StateException(String.valueOf(failure.getMessage()), failure);
            }
            return limits;
        }
    }

    /**
     * What was seen of the file.
     *
     * @param at when it was looked at last, by {@link System#nanoTime}
     * @param read when it was read
     * @param status what it was; null for none
     */
    private record Seen(long at, long read, @Nullable FileStatus status, Reading reading, Set<String> unknownUsers) {
        static Seen of(long now, @Nullable FileStatus status, LimitsReader.Content content) {
            return new Seen(now, now, status, new Reading(content.limits(), null), content.unknown());
        }

        static Seen unusable(long now, @Nullable FileStatus status, StateException failure) {
            return new Seen(now, now, status, new Reading(Limits.OfUsers.none(), failure), Set.of());
        }

        Seen lookedAt(long now) {
            return new Seen(now, read, status, reading, unknownUsers);
        }

        /** Whether it is still so while the file does not change: not if it was the reading that failed. */
        boolean isLasting(long now, long lookUpAgain) {
            StateException failure = reading.failure();
            return (failure == null || !(failure.getCause() instanceof ErrnoException))
                    && (unknownUsers.isEmpty() || now - read < lookUpAgain);
        }
    }

    public LimitsFile(StateDirectory directory) {
        this(directory, Users::userId, LOOK_UP_AGAIN);
    }

    /** {@code lookUpAgain}: how long a user stays unknown whom the host did not have. */
    LimitsFile(StateDirectory directory, LimitsReader.UserIds ids, Duration lookUpAgain) {
        this.directory = directory;
        this.ids = ids;
        this.lookUpAgainNanos = lookUpAgain.toNanos();
    }

    /** What the file says now, or said a tenth of a second ago. */
    public Reading current() {
        return current(System.nanoTime());
    }

    /** The same for who has read the clock: {@code now} is of {@link System#nanoTime()}. */
    public Reading current(long now) {
        Seen known = seen;
        if (known == null || now - known.at() >= LOOK_NANOS) {
            Seen fresh = look(known, now);
            seen = fresh;
            tell(known, fresh);
            known = fresh;
        }
        return known.reading();
    }

    private void tell(@Nullable Seen before, Seen now) {
        boolean isNews =
                now.read() == now.at() && (now.status() != null || (before != null && before.status() != null));
        if (isNews) {
            StateException failure = now.reading().failure();
            FlightEvents.limitsRead(path(), failure == null ? null : failure.getMessage());
        }
    }

    private Seen look(@Nullable Seen known, long now) {
        FileStatus status = null;
        try {
            status = directory.statusOfFile(NAME).orElse(null);
            if (known != null && known.isLasting(now, lookUpAgainNanos) && Objects.equals(status, known.status())) {
                return known.lookedAt(now);
            }
            Set<String> told =
                    known != null && Objects.equals(status, known.status()) ? known.unknownUsers() : Set.of();
            return status == null ? none(now) : isStrangers(status) ? passedOver(status, now) : read(now, told);
        } catch (ErrnoException failed) {
            return failed.errno() == Errno.ENOENT
                    ? none(now) // removed in between
                    : Seen.unusable(now, status, unreadable(failed));
        } catch (StateException unusable) {
            return Seen.unusable(now, null, unusable); // so that it is read again
        }
    }

    private static Seen none(long now) {
        return Seen.of(now, null, LimitsReader.Content.NONE);
    }

    private boolean isStrangers(FileStatus status) throws ErrnoException {
        return status.uid() != 0 && status.uid() != directory.owner();
    }

    private Seen passedOver(FileStatus status, long now) throws ErrnoException {
        System.getLogger("genv.core.limits")
                .log(
                        System.Logger.Level.WARNING,
                        "the limits file is not of root or of the owner of its directory and is passed over: file="
                                + path() + " " + status.access() + " directory_owner="
                                + Integer.toUnsignedString(directory.owner()) + "; remove it");
        return Seen.of(now, status, LimitsReader.Content.NONE);
    }

    /** Judges and reads the file that has the name; again if it was replaced by another one meanwhile. */
    private Seen read(long now, Set<String> told) throws ErrnoException {
        for (int replaced = 0; replaced < MOST_REPLACED; replaced++) {
            try (NativeFile file = directory.openToRead(NAME)) {
                FileStatus status = file.status();
                if (isStrangers(status)) {
                    return passedOver(status, now);
                }
                Seen seen = read(file, status, now, told);
                if (file.status().links() >= status.links()) {
                    return seen;
                }
            }
        }
        throw new StateException("the limits file is replaced again and again: file=" + path() + " tries="
                + MOST_REPLACED + "; end the program that does so");
    }

    private Seen read(NativeFile file, FileStatus status, long now, Set<String> told) throws ErrnoException {
        try {
            requireTrust(status);
            return Seen.of(now, status, LimitsReader.read(path(), content(file, status), ids, told));
        } catch (StateException wrong) {
            return Seen.unusable(now, status, wrong);
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
        if (status.links() > 1) {
            throw new StateException("the limits file has a second name: file=" + path() + " links=" + status.links()
                    + " " + status.access() + "; remove it if another user put it there, or replace it by a copy");
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
