// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

/** Asks the kernel about processes of this pid namespace. */
public final class Processes {
    private static final CFunction GETPID = CFunction.named("getpid");
    private static final CFunction KILL = CFunction.named("kill");

    private Processes() {}

    /**
     * The pid of this process, in its own pid namespace.
     *
     * <p>{@link ProcessHandle} knows it too, but prepares to watch processes when it is first asked anything.
     */
    public static long ownPid() {
        CallBuffer buffer = CallBuffer.take();
        try {
            return (int) GETPID.call(buffer);
        } finally {
            buffer.give();
        }
    }

    /**
     * Whether a process has this pid now.
     *
     * <p>Sends signal 0, which reaches nobody. Any answer but "no such process" counts as yes, also "not permitted": so
     * processes of other users, and those that {@code /proc} hides (mount option {@code hidepid}), are seen.
     */
    public static boolean exists(long pid) {
        // 0 and negative numbers name process groups, and the kernel has no pid beyond an int
        if (pid <= 0 || pid > Integer.MAX_VALUE) {
            return false;
        }
        if (!OperatingSystem.LINUX) {
            return ProcessHandle.of(pid).isPresent();
        }
        CallBuffer buffer = CallBuffer.take();
        try {
            int result = (int) KILL.call(buffer, pid, 0);
            return result == 0 || buffer.errno() != Errno.ESRCH;
        } finally {
            buffer.give();
        }
    }
}
