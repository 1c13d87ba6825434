// SPDX-License-Identifier: Apache-2.0
package genv.faults.json;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A referee that has nothing to do with genv: whoever was given something locks a byte of a file, by the record locks that Java and
 * Python ({@code fcntl.lockf}) have in common. Who finds it locked was given what somebody has. The kernel ends a claim before
 * anybody can see that its process is dead. One instance for a process, since closing a second one would end the claims of the
 * first; thread-safe.
 */
final class Claims implements AutoCloseable {
    /** Added to a device's index for the claim of its lock. */
    static final int LOCKS = 1000;

    private final FileChannel file;

    private Claims(FileChannel file) {
        this.file = file;
    }

    static Claims open(Path file) throws IOException {
        return new Claims(
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
    }

    /** Claims what was given, as long as the result is open. */
    Claim claim(List<Integer> devices, int offset) throws IOException {
        List<FileLock> locks = new ArrayList<>();
        for (int device : devices) {
            FileLock lock = tryLock(device + offset);
            if (lock == null) {
                throw new AssertionError((offset == 0 ? "a device" : "a lock") + " was given twice: device=" + device);
            }
            locks.add(lock);
        }
        return new Claim(locks);
    }

    private @Nullable FileLock tryLock(int position) throws IOException {
        try {
            return file.tryLock(position, 1, false);
        } catch (OverlappingFileLockException byAnotherThread) {
            if (position >= LOCKS) {
                throw byAnotherThread;
            }
            return null;
        }
    }

    /** What is claimed until it is closed, which has to come before it is given back. */
    record Claim(List<FileLock> locks) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            for (FileLock lock : locks) {
                lock.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
