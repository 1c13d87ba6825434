// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import genv.api.StateException;
import genv.core.os.OperatingSystem;
import genv.core.os.ProcessStat;
import genv.core.os.Processes;
import java.time.Instant;
import java.util.Optional;

/**
 * Which process it is, so that another one with the same pid is not taken for it.
 *
 * <p>Good within one boot of the host; who compares across boots compares the boot id as well.
 *
 * @param pid its number, as this process sees it
 * @param startTicks when it started, in clock ticks since boot, or 0 where Linux does not show it; in milliseconds since 1970 on
 *     other systems
 * @param pidNamespace where these numbers have their meaning, see {@link ProcessStat#namespace()}
 */
public record ProcessIdentity(long pid, long startTicks, long pidNamespace) {
    /** This process. */
    public static ProcessIdentity current() {
        return Current.IDENTITY;
    }

    /**
     * Another process; empty if it has ended. Throws where that cannot be read.
     *
     * <p>A handle knows when its process started. It is asked before and after the start time is read here, so that the
     * start time cannot be that of a later process with the same pid.
     */
    public static Optional<ProcessIdentity> of(ProcessHandle handle) {
        if (!isAlive(handle)) {
            requireReadable(handle);
            return Optional.empty();
        }
        Optional<Long> start;
        if (ProcessStat.isAvailable()) {
            Optional<ProcessStat> stat = ProcessStat.read(handle.pid());
            if (stat.filter(ProcessStat::isDead).isPresent()) {
                return Optional.empty();
            }
            if (stat.isEmpty()) {
                requireReadable(handle);
            }
            // a process that /proc hides is told by its pid alone
            start = Optional.of(stat.map(ProcessStat::startTicks).orElse(0L));
        } else {
            start = startWithoutProc(handle);
        }
        if (!isAlive(handle)) {
            requireReadable(handle);
            return Optional.empty();
        }
        return start.map(when -> new ProcessIdentity(handle.pid(), when, ProcessStat.namespace()));
    }

    /**
     * Requires that this process can read about itself, where it has read nothing about another one: otherwise it has no descriptor
     * left, for which the runtime too takes a process for ended.
     */
    private static void requireReadable(ProcessHandle handle) {
        if (ProcessStat.isAvailable()
                && Processes.exists(handle.pid())
                && ProcessStat.self().isEmpty()) {
            throw new StateException(
                    "it cannot be read which process it is, so another one with its pid could not be told"
                            + " from it: pid=" + handle.pid()
                            + "; where files are open to the limit close some, or raise it (ulimit -n)");
        }
    }

    /**
     * Whether the process still runs.
     *
     * <p>Wrong answers are on the side of life: a process of another pid or time namespace cannot be judged and counts as
     * alive, and so does one that {@code /proc} hides from this user while the kernel knows its pid. A zombie is dead.
     */
    public boolean isAlive() {
        long here = ProcessStat.namespace();
        if (pidNamespace != here || (here == 0 && OperatingSystem.isSupported())) {
            return true;
        }
        if (!ProcessStat.isAvailable()) {
            return isAliveWithoutProc();
        }
        Optional<ProcessStat> stat = ProcessStat.read(pid);
        if (stat.isEmpty()) {
            return Processes.exists(pid);
        }
        boolean sameStart = startTicks == 0 || stat.get().startTicks() == startTicks;
        return sameStart && !stat.get().isDead();
    }

    /**
     * Whether the process is seen to run: unlike {@link #isAlive}, one that cannot be judged is not.
     *
     * <p>After a reboot it may be a process of this boot that has the same pid and started at the same hundredth of a second.
     */
    public boolean isSeenAlive() {
        return pidNamespace != 0
                && pidNamespace == ProcessStat.namespace()
                && startTicks != 0
                && ProcessStat.isAvailable()
                && ProcessStat.read(pid)
                        .filter(stat -> stat.startTicks() == startTicks && !stat.isDead())
                        .isPresent();
    }

    // the runtime looks into /proc too, and is wrong where that counts in another namespace
    private static boolean isAlive(ProcessHandle handle) {
        boolean trusted = ProcessStat.isAvailable() || !OperatingSystem.isSupported();
        return trusted ? handle.isAlive() : Processes.exists(handle.pid());
    }

    private boolean isAliveWithoutProc() {
        if (!Processes.exists(pid)) {
            return false;
        }
        return OperatingSystem.isSupported()
                || ProcessHandle.of(pid)
                        .flatMap(ProcessIdentity::startInstant)
                        .map(start -> start == startTicks)
                        .orElse(true);
    }

    // on Linux the runtime reads start times from the same /proc, which counts in another namespace here
    private static Optional<Long> startWithoutProc(ProcessHandle handle) {
        return OperatingSystem.isSupported() ? Optional.of(0L) : startInstant(handle);
    }

    private static Optional<Long> startInstant(ProcessHandle handle) {
        return Optional.of(
                handle.info().startInstant().map(Instant::toEpochMilli).orElse(0L));
    }

    private static final class Current {
        static final ProcessIdentity IDENTITY = read();

        // /proc/self is right even where /proc counts in another namespace
        private static ProcessIdentity read() {
            long start = ProcessStat.self()
                    .map(ProcessStat::startTicks)
                    .or(() -> startWithoutProc(ProcessHandle.current()))
                    .orElse(0L);
            return new ProcessIdentity(Processes.ownPid(), start, ProcessStat.namespace());
        }
    }
}
