// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import genv.api.StateException;
import genv.core.os.Errno;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.NativeFile;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * An exclusive {@code flock(2)} on a file, held until it is closed or the process ends.
 *
 * <p>It excludes everybody else who takes one on the same file, in whatever language, and other holders in this process too,
 * since each has a descriptor of its own. Children of this process do not inherit it. The file is created with mode 0666 where
 * there is none, and never emptied; a symbolic link in its place is refused.
 *
 * <p>A lock is taken by trying: {@code flock} itself could wait, but not with a time limit, and could not be interrupted. The
 * time between two tries doubles from 50 µs up to the {@link Patience}'s longest pause, so a lock that has become free is
 * taken at most that much later. Those who wait have no order.
 */
public final class Flock implements AutoCloseable {
    private final NativeFile file;
    private final FileStatus status;

    private Flock(NativeFile file, FileStatus status) {
        this.file = file;
        this.status = status;
    }

    /** How long to try, and how often. For one thread. */
    public static final class Patience {
        private static final long SHORTEST_PAUSE = 50_000;

        private final long start = System.nanoTime();
        private final long limit;
        private final long longestPause;
        private final boolean interruptible;
        private long pause = SHORTEST_PAUSE;
        private boolean interrupted;

        /** {@code limit}: nanoseconds, 0 for one try, {@link Long#MAX_VALUE} for as long as it takes. */
        public Patience(long limit, long longestPause, boolean interruptible) {
            this.limit = limit;
            this.longestPause = longestPause;
            this.interruptible = interruptible;
        }

        /** Nanoseconds left; not positive when there are none. */
        public long remaining() {
            return limit == Long.MAX_VALUE ? Long.MAX_VALUE : limit - (System.nanoTime() - start);
        }

        /** Sleeps until the next try; false if the time is over. */
        public boolean pause() throws InterruptedException {
            long remaining = remaining();
            if (remaining <= 0) {
                return false;
            }
            if (Thread.interrupted()) {
                if (interruptible) {
                    throw new InterruptedException("interrupted while waiting for a file lock");
                }
                interrupted = true; // given back at the end
            }
            // not all at the same times
            LockSupport.parkNanos(
                    Math.min(remaining, ThreadLocalRandom.current().nextLong(pause / 2, pause + 1)));
            pause = Math.min(pause * 2, longestPause);
            return true;
        }

        /** To be called at the end: gives an interrupt back that came during an uninterruptible wait. */
        public void end() {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Takes the lock; empty if the patience is over. */
    public static Optional<Flock> acquire(PlainDirectory place, String name, Patience patience)
            throws InterruptedException {
        do {
            Optional<Flock> got = tryAcquire(place, name);
            if (got.isPresent()) {
                return got;
            }
        } while (patience.pause());
        return Optional.empty();
    }

    /** Takes the lock if nobody has it. */
    public static Optional<Flock> tryAcquire(PlainDirectory place, String name) {
        NativeDirectory directory = place.directory();
        for (int attempt = 0; attempt < FileCreator.ATTEMPTS; attempt++) {
            try (Opened opened = open(directory, name)) {
                FileStatus status = opened.file().status();
                SharedFile.requireRegular(place.resolve(name), status);
                if (!opened.file().tryMark()) {
                    return Optional.empty();
                }
                // a lock on a file that was removed meanwhile excludes nobody
                if (directory.statusOf(name).filter(status::isSameFile).isPresent()) {
                    opened.keep();
                    return Optional.of(new Flock(opened.file(), status));
                }
            } catch (ErrnoException failed) {
                throw FileErrors.failed("a lock file could not be opened", place.resolve(name), "", failed);
            }
        }
        throw new StateException("a lock file is removed again and again: path=" + place.resolve(name) + " attempts="
                + FileCreator.ATTEMPTS + "; find out who removes files there");
    }

    /** Says in the file's times that it was locked now. */
    public void touch() {
        try {
            file.touch();
        } catch (ErrnoException withoutTime) {
            // only a snapshot would have shown it
        }
    }

    /** Which file is locked. */
    public FileStatus status() {
        return status;
    }

    @Override
    public void close() {
        file.close();
    }

    /** A file that is closed again unless it is kept. */
    private static final class Opened implements AutoCloseable {
        private final NativeFile file;
        private boolean kept;

        Opened(NativeFile file) {
            this.file = file;
        }

        NativeFile file() {
            return file;
        }

        void keep() {
            kept = true;
        }

        @Override
        public void close() {
            if (!kept) {
                file.close();
            }
        }
    }

    private static Opened open(NativeDirectory directory, String name) throws ErrnoException {
        while (true) {
            try {
                return new Opened(directory.openFile(name));
            } catch (ErrnoException failed) {
                if (failed.errno() == Errno.EROFS) { // flock excludes there as well: it needs no right to write
                    return new Opened(directory.openToRead(name));
                }
                if (failed.errno() != Errno.ENOENT) {
                    throw failed;
                }
            }
            create(directory, name);
        }
    }

    /**
     * Creates the file under another name first: one that had its name before its mode would shut other users out for ever, had
     * its creator a strict umask and died in between.
     */
    private static void create(NativeDirectory directory, String name) throws ErrnoException {
        String temporary = TemporaryNames.next(name);
        NativeFile made = directory.createFile(temporary, 0600);
        try (made) {
            made.chmod(0666 & directory.status().permissions());
            directory.link(temporary, name);
        } catch (ErrnoException failed) {
            if (failed.errno() != Errno.EEXIST) { // somebody was first
                throw failed;
            }
        } finally {
            removeQuietly(directory, temporary);
        }
    }

    private static void removeQuietly(NativeDirectory directory, String temporary) {
        try {
            directory.unlink(temporary);
        } catch (ErrnoException gone) {
            // a cleaner was faster
        }
    }
}
