// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What {@code /proc} says about a process.
 *
 * @param state one letter as in proc(5): {@code R}, {@code S}, {@code D}, {@code T}, {@code Z}, {@code X} …
 * @param startTicks when it started, in clock ticks since boot; a pid with another start is another process
 * @param threads how many threads it has
 */
public record ProcessStat(char state, long startTicks, int threads) {
    private static final int STATE_FIELD = 3;
    private static final int THREADS_FIELD = 20;
    private static final int START_FIELD = 22;

    /** Whether {@code /proc} exists and shows the pid namespace of this process. */
    public static boolean isAvailable() {
        return Own.AVAILABLE;
    }

    /** This process; empty where there is no {@code /proc}. */
    public static Optional<ProcessStat> self() {
        return read("self");
    }

    /** The process with this pid; empty if there is none, or if {@code /proc} does not show it. */
    public static Optional<ProcessStat> read(long pid) {
        return read(Long.toString(pid));
    }

    /**
     * Which process numbers and start times can be compared with those of this process.
     *
     * <p>The lower half is the number of the pid namespace, in which a pid has its meaning; the upper half is that of the
     * time namespace, in which a start time has its meaning. Zero where they cannot be read.
     */
    public static long namespace() {
        return Own.NAMESPACE;
    }

    /**
     * Whether the process has ended and only its entry is left (a zombie).
     *
     * <p>A process whose first thread has ended while others run also shows {@code Z}, but has more than one thread.
     */
    public boolean isDead() {
        return (state == 'Z' && threads <= 1) || state == 'X' || state == 'x';
    }

    private static Optional<ProcessStat> read(String directory) {
        try {
            return parse(ProcText.read(Path.of("/proc", directory, "stat")));
        } catch (IOException endedOrHidden) {
            return Optional.empty();
        }
    }

    /** The line of {@code /proc/<pid>/stat}; empty if it is not one. */
    static Optional<ProcessStat> parse(String line) {
        // the second field is the program's name in parentheses and may hold blanks and parentheses itself
        int nameEnd = line.lastIndexOf(')');
        if (nameEnd < 0) {
            return Optional.empty();
        }
        List<String> fields = ProcText.words(line.substring(nameEnd + 1));
        if (fields.size() <= START_FIELD - STATE_FIELD || fields.getFirst().length() != 1) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ProcessStat(
                    fields.getFirst().charAt(0),
                    Long.parseLong(fields.get(START_FIELD - STATE_FIELD)),
                    Integer.parseInt(fields.get(THREADS_FIELD - STATE_FIELD))));
        } catch (NumberFormatException notAStat) {
            return Optional.empty();
        }
    }

    /** Told by links alone: to follow one takes no descriptor, so that what fails here fails always, and may be kept. */
    private static final class Own {
        static final boolean AVAILABLE = showsOwnNamespace();
        static final long NAMESPACE = (inode("time") << 32) | inode("pid");

        // in a new pid namespace without a mount of its own, /proc still counts in the old one
        private static boolean showsOwnNamespace() {
            try {
                String self = Files.readSymbolicLink(Path.of("/proc/self")).toString();
                return self.equals(Long.toString(Processes.ownPid()));
            } catch (IOException | UnsupportedOperationException noProc) {
                return false;
            }
        }

        /** The number in a link such as {@code pid:[4026531836]}; zero if there is none. */
        private static long inode(String kind) {
            try {
                String link =
                        Files.readSymbolicLink(Path.of("/proc/self/ns", kind)).toString();
                return Long.parseLong(link, link.indexOf('[') + 1, link.length() - 1, 10) & 0xFFFF_FFFFL;
            } catch (IOException | IndexOutOfBoundsException | NumberFormatException none) {
                return 0;
            }
        }
    }
}
