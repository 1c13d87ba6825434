// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file whose bytes are locked, through a channel that stays open. */
public final class LockedFile implements AutoCloseable {
    private final FileChannel channel;

    /** Opens a file, which is created where it is not there. */
    public LockedFile(Path file) {
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException("a file cannot be opened: file=" + file, e);
        }
    }

    /** {@return a lock on the whole file, as soon as no other process has one} */
    public FileLock lock() {
        try {
            return channel.lock();
        } catch (IOException e) {
            throw new UncheckedIOException("a file cannot be locked", e);
        }
    }

    /** {@return a lock on one byte, as soon as no other process has one} */
    public FileLock lock(long position) {
        try {
            return channel.lock(position, 1, false);
        } catch (IOException e) {
            throw new UncheckedIOException("a byte cannot be locked", e);
        }
    }

    /** Gives a lock back. */
    public static void release(FileLock lock) {
        try {
            lock.release();
        } catch (IOException e) {
            throw new UncheckedIOException("a lock cannot be released", e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a file cannot be closed", e);
        }
    }
}
