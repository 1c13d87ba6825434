// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import genv.api.GenvException;
import java.lang.foreign.MemorySegment;

/**
 * Locks on single bytes of a file that belong to the open file description (Linux's OFD locks).
 *
 * <p>Unlike the older POSIX locks they are not lost when this process opens and closes the same file elsewhere, and two
 * holders in one process exclude each other. They end when the description ends: with its last descriptor, at the latest
 * with the process. A process made by {@code fork} without {@code exec} shares the description and keeps them alive.
 */
public final class RecordLocks {
    private static final CFunction FCNTL = CFunction.named("fcntl");

    private RecordLocks() {}

    /** Whether the kernel has these locks; tried once on a file of no name. */
    public static boolean isSupported() {
        return Support.AVAILABLE;
    }

    /** Locks one byte for this file's description alone; false if another one has it. Never waits. */
    public static boolean tryLock(NativeFile file, long offset) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            MemorySegment lock = describe(buffer, LinuxAbi.F_WRLCK, offset, 1);
            int result = fcntl(buffer, file, LinuxAbi.F_OFD_SETLK, lock);
            if (result != 0 && (buffer.errno() == Errno.EAGAIN || buffer.errno() == Errno.EACCES)) {
                return false;
            }
            Descriptor.check(result, buffer, "fcntl F_OFD_SETLK path=" + file.name() + " offset=" + offset);
            return true;
        } finally {
            buffer.give();
        }
    }

    /**
     * Whether another description, or a process by an older POSIX lock, has this byte locked for itself alone.
     *
     * <p>Only asks. Shared locks do not count, so that whoever asks by trying a shared lock is not taken for a holder.
     */
    public static boolean isLockedElsewhere(NativeFile file, long offset) throws ErrnoException {
        return isAnyLockedElsewhere(file, offset, 1);
    }

    /** Whether that is true of any of the bytes of a range. */
    public static boolean isAnyLockedElsewhere(NativeFile file, long offset, long length) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            MemorySegment lock = describe(buffer, LinuxAbi.F_RDLCK, offset, length);
            int result = fcntl(buffer, file, LinuxAbi.F_OFD_GETLK, lock);
            Descriptor.check(result, buffer, "fcntl F_OFD_GETLK path=" + file.name() + " offset=" + offset);
            return lock.get(JAVA_SHORT, LinuxAbi.FLOCK_TYPE) != LinuxAbi.F_UNLCK;
        } finally {
            buffer.give();
        }
    }

    /** Gives back every lock of this file's description. */
    public static void unlockAll(NativeFile file) throws ErrnoException {
        CallBuffer buffer = CallBuffer.take();
        try {
            // length 0: to the end of what a file can have
            MemorySegment lock = describe(buffer, LinuxAbi.F_UNLCK, 0, 0);
            int result = fcntl(buffer, file, LinuxAbi.F_OFD_SETLK, lock);
            Descriptor.check(result, buffer, "fcntl F_OFD_SETLK path=" + file.name());
        } finally {
            buffer.give();
        }
    }

    private static MemorySegment describe(CallBuffer buffer, short type, long start, long length) {
        MemorySegment lock = buffer.data();
        lock.set(JAVA_SHORT, LinuxAbi.FLOCK_TYPE, type);
        lock.set(JAVA_SHORT, LinuxAbi.FLOCK_WHENCE, (short) 0);
        lock.set(JAVA_LONG, LinuxAbi.FLOCK_START, start);
        lock.set(JAVA_LONG, LinuxAbi.FLOCK_LENGTH, length);
        // the kernel refuses another pid here
        lock.set(JAVA_INT, LinuxAbi.FLOCK_PID, 0);
        return lock;
    }

    private static int fcntl(CallBuffer buffer, NativeFile file, int command, MemorySegment lock) {
        return (int) FCNTL.call(buffer, file.number(), command, lock.address());
    }

    /** Apart, so that the trial is made only where locks are wanted. */
    private static final class Support {
        static final boolean AVAILABLE = probe();

        // never on the live file: closing it again would drop the POSIX locks that this process may have there
        private static boolean probe() {
            if (!OperatingSystem.isSupported()) {
                return false;
            }
            try (NativeFile trial = NativeFile.inMemory("genv-lock-trial")) {
                return tryLock(trial, 1) && !isLockedElsewhere(trial, 1);
            } catch (ErrnoException | GenvException unsupported) {
                return false;
            }
        }
    }
}
