// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import java.nio.file.Path;

/**
 * Locks that say that their holder lives.
 *
 * <p>A token is a number from 1 to 2<sup>62</sup> that is given out once and never again. Its holder locks the byte at
 * that offset of the live file, far beyond the file's end, which costs nothing. The kernel ends the lock when the holder
 * closes it or dies, so a token that nobody holds, but that was held, means that its holder is gone: no pid, clock or
 * heartbeat is involved, and it is true across containers that share the directory.
 *
 * <p>Several objects may be open on one file, also in one process; each is a holder of its own. All methods may be called
 * by any thread. A failing system call is a {@link genv.api.StateException}.
 */
public interface LifeLocks extends AutoCloseable {
    /** The largest token. */
    long MAX_TOKEN = 1L << 62;

    /** How the locks are held. */
    enum Kind {
        /** Linux's locks of an open file description; nothing else this process does can lose them. */
        OFD,
        /** {@code FileChannel} locks; lost when this process opens and closes the live file in any other way. */
        CHANNEL
    }

    /**
     * Opens the live file, which must exist.
     *
     * <p>Takes {@link Kind#OFD} where the kernel has it, otherwise {@link Kind#CHANNEL}. The system property
     * {@code genv.live.locks}, {@code ofd} or {@code channel}, decides otherwise.
     *
     * @throws genv.api.StateException if it is no regular file with one name
     * @throws genv.api.StateException if this process may not read and write it
     */
    static LifeLocks open(Path liveFile) {
        return LifeLockKinds.open(liveFile);
    }

    /**
     * Takes a token's lock until this object is closed. Never waits.
     *
     * @return true if this object holds it now, false if somebody else does
     */
    boolean tryHold(long token);

    /**
     * Whether anybody holds the token's lock: this object, another one of this process, or another process.
     *
     * <p>A false answer is a proof only while {@link #isIntact()} is true.
     */
    boolean isHeld(long token);

    /**
     * Whether anybody holds the lock of any token below one: this object, another one of this process, or another process.
     *
     * <p>A false answer is a proof only while {@link #isIntact()} is true.
     */
    boolean isAnyHeldBelow(long token);

    /** Whether the live file's name still leads to the file that these locks are on. */
    boolean isIntact();

    /** The file's number in its file system; a live file that was replaced has another. Zero where there is none. */
    long fileId();

    /** How this object holds its locks. */
    Kind kind();

    /** Gives back all locks; does nothing the second time. */
    @Override
    void close();
}
