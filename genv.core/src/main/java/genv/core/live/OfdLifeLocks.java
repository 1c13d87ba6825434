// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import genv.api.StateException;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.NativeFile;
import genv.core.os.RecordLocks;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Life locks on an open file description of this object's own. */
final class OfdLifeLocks implements LifeLocks {
    private final Path path;
    private final NativeFile file;
    private final FileStatus status;
    private final Set<Long> held = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private OfdLifeLocks(Path path, NativeFile file, FileStatus status) {
        this.path = path;
        this.file = file;
        this.status = status;
    }

    static OfdLifeLocks open(Path path) {
        try {
            LiveFile.requireSound(path);
            NativeFile file = NativeFile.open(path);
            try {
                FileStatus status = file.status();
                LiveFile.requireSound(path, status);
                return new OfdLifeLocks(path, file, status);
            } catch (Throwable thrown) {
                file.close();
                throw thrown;
            }
        } catch (ErrnoException failed) {
            throw LiveFile.unusable("opened", path, failed);
        }
    }

    @Override
    public synchronized boolean tryHold(long token) {
        LifeLockKinds.requireToken(token);
        requireOpen();
        try {
            if (held.contains(token)) {
                return true;
            }
            if (!RecordLocks.tryLock(file, token)) {
                return false;
            }
            held.add(token);
            return true;
        } catch (ErrnoException failed) {
            throw LiveFile.unusable("locked", path, failed);
        }
    }

    @Override
    public boolean isHeld(long token) {
        LifeLockKinds.requireToken(token);
        requireOpen();
        // the kernel leaves out what the asking description itself holds
        if (held.contains(token)) {
            return true;
        }
        try {
            return RecordLocks.isLockedElsewhere(file, token);
        } catch (ErrnoException failed) {
            throw LiveFile.unusable("asked for locks", path, failed);
        }
    }

    @Override
    public boolean isAnyHeldBelow(long token) {
        LifeLockKinds.requireToken(token);
        requireOpen();
        if (held.stream().anyMatch(own -> own < token)) {
            return true;
        }
        try {
            return token > 1 && RecordLocks.isAnyLockedElsewhere(file, 1, token - 1);
        } catch (ErrnoException failed) {
            throw LiveFile.unusable("asked for locks", path, failed);
        }
    }

    @Override
    public boolean isIntact() {
        try {
            return !closed
                    && NativeDirectory.statusOf(path)
                            .filter(now -> now.isSameFile(status))
                            .isPresent();
        } catch (ErrnoException unreachable) {
            return false;
        }
    }

    @Override
    public long fileId() {
        return status.inode();
    }

    @Override
    public Kind kind() {
        return Kind.OFD;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        held.clear();
        try {
            // said aloud, because a forked copy of this process may share the description
            RecordLocks.unlockAll(file);
        } catch (ErrnoException failed) {
            // closing the descriptor ends the locks as well
        }
        // Closing any descriptor drops the POSIX locks that this process has on the file. If life locks of the other
        // kind
        // are in use here, the descriptor is left open for their sake.
        if (!ChannelLifeLocks.isInUse(path)) {
            file.close();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new StateException("life locks are closed path=" + path + ": open the host again");
        }
    }
}
