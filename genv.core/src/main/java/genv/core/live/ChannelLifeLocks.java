// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import genv.api.StateException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Life locks by {@code FileChannel}, for systems without locks of an open file description.
 *
 * <p>They are POSIX locks where there are such, which belong to the process and a file: when the process closes
 * <em>any</em> descriptor of the live file, all of them are gone, and nothing tells. So one channel serves the whole
 * process ({@link SharedChannels}), and nothing else in this library opens the file. What an application does with it
 * cannot be helped: if it reads the live file, its life locks are lost to the eyes of other processes.
 *
 * <p>There is no way to ask a channel for a lock without taking it. {@link #isHeld} takes a <em>shared</em> lock for a
 * moment: those who ask do not hinder each other, a holder is not disturbed, and a token is locked by its owner before
 * anybody else can know it, so that the owner never meets somebody who asks. Within the process the asking is made one at
 * a time, because the runtime refuses overlapping locks there even if they are shared.
 */
final class ChannelLifeLocks implements LifeLocks {
    private final Path path;
    private final SharedChannels.Entry entry;
    private final Object fileKey;
    private final long fileId;
    private final Set<Long> own = new HashSet<>();
    private boolean closed;

    private ChannelLifeLocks(Path path, SharedChannels.Entry entry, Object fileKey, long fileId) {
        this.path = path;
        this.entry = entry;
        this.fileKey = fileKey;
        this.fileId = fileId;
    }

    static ChannelLifeLocks open(Path path) {
        LiveFile.requireSound(path);
        try {
            requireOneName(path);
            Object key = fileKey(path);
            SharedChannels.Entry entry = SharedChannels.acquire(
                    key.toString(),
                    () -> FileChannel.open(
                            path, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
            return new ChannelLifeLocks(path, entry, key, fileId(path));
        } catch (IOException failed) {
            throw LiveFile.unusable("opened", path, failed);
        }
    }

    /** Whether this process has a channel of these open on the file. */
    static boolean isInUse(Path path) {
        try {
            return SharedChannels.isInUse(fileKey(path).toString());
        } catch (IOException gone) {
            // its name may be gone while its locks matter; saying yes costs one descriptor
            return SharedChannels.isAnyInUse();
        }
    }

    @Override
    public boolean tryHold(long token) {
        LifeLockKinds.requireToken(token);
        synchronized (entry.monitor()) {
            requireOpen();
            Map<Long, FileLock> held = entry.held();
            if (held.containsKey(token)) {
                return own.contains(token);
            }
            try {
                FileLock lock = entry.channel().tryLock(token, 1, false);
                if (lock == null) {
                    return false;
                }
                held.put(token, lock);
                own.add(token);
                return true;
            } catch (OverlappingFileLockException heldInThisProcess) {
                return false;
            } catch (IOException failed) {
                throw LiveFile.unusable("locked", path, failed);
            }
        }
    }

    @Override
    public boolean isHeld(long token) {
        LifeLockKinds.requireToken(token);
        synchronized (entry.monitor()) {
            requireOpen();
            if (entry.held().containsKey(token)) {
                return true;
            }
            try (FileLock lock = entry.channel().tryLock(token, 1, true)) {
                return lock == null;
            } catch (OverlappingFileLockException heldInThisProcess) {
                return true;
            } catch (IOException failed) {
                throw LiveFile.unusable("asked for locks", path, failed);
            }
        }
    }

    @Override
    public boolean isAnyHeldBelow(long token) {
        LifeLockKinds.requireToken(token);
        synchronized (entry.monitor()) {
            requireOpen();
            if (entry.held().keySet().stream().anyMatch(held -> held < token)) {
                return true;
            }
            if (token == 1) {
                return false;
            }
            try (FileLock lock = entry.channel().tryLock(1, token - 1, true)) {
                return lock == null;
            } catch (OverlappingFileLockException heldInThisProcess) {
                return true;
            } catch (IOException failed) {
                throw LiveFile.unusable("asked for locks", path, failed);
            }
        }
    }

    @Override
    public boolean isIntact() {
        synchronized (entry.monitor()) {
            try {
                return !closed && fileKey(path).equals(fileKey);
            } catch (IOException unreachable) {
                return false;
            }
        }
    }

    @Override
    public long fileId() {
        return fileId;
    }

    @Override
    public Kind kind() {
        return Kind.CHANNEL;
    }

    @Override
    public void close() {
        synchronized (entry.monitor()) {
            if (closed) {
                return;
            }
            closed = true;
            for (Long token : own) {
                FileLock lock = entry.held().remove(token);
                if (lock != null) {
                    try {
                        lock.release();
                    } catch (IOException failed) {
                        // the channel is closed below at the latest, and its locks with it
                    }
                }
            }
            own.clear();
        }
        entry.release();
    }

    private void requireOpen() {
        if (closed) {
            throw new StateException("life locks are closed path=" + path + ": open the host again");
        }
    }

    private static void requireOneName(Path path) throws IOException {
        if (hasUnixView(path)) {
            Object links = Files.getAttribute(path, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
            if (links instanceof Integer count && count != 1) {
                throw new StateException("the live file has not exactly one name path=" + path + " links=" + count
                        + ": remove the other names (find -samefile)");
            }
        }
    }

    private static long fileId(Path path) throws IOException {
        if (hasUnixView(path)
                && Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS) instanceof Long number) {
            return number;
        }
        return 0;
    }

    private static boolean hasUnixView(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("unix");
    }

    private static Object fileKey(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
        return key != null ? key : path.toRealPath().toString();
    }
}
