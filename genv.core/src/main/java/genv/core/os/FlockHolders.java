// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which processes have taken a {@code flock}, as {@code /proc/locks} shows them: asking takes no lock and disturbs nobody.
 *
 * <p>Processes of other pid namespaces are not shown, and nothing is on file systems whose locks have another device number
 * than their files (overlayfs, btrfs).
 */
public final class FlockHolders {
    private final Map<String, Long> pids;

    private FlockHolders(Map<String, Long> pids) {
        this.pids = pids;
    }

    /** Those of this moment; none where there is no {@code /proc}. */
    public static FlockHolders now() {
        Map<String, Long> pids = new HashMap<>();
        try {
            for (String line : ProcText.lines(ProcText.read(Path.of("/proc/locks")))) {
                read(line, pids);
            }
        } catch (IOException notShown) {
            // nobody is seen to hold anything
        }
        return new FlockHolders(pids);
    }

    /** A line such as {@code 3: FLOCK  ADVISORY  WRITE 6917 08:01:131 0 EOF}; {@code ->} marks one that only waits. */
    static void read(String line, Map<String, Long> pids) {
        List<String> fields = ProcText.words(line);
        if (fields.size() < 6
                || !fields.get(1).equals("FLOCK")
                || !fields.get(3).equals("WRITE")) {
            return;
        }
        try {
            long pid = Long.parseLong(fields.get(4));
            if (pid > 0) {
                pids.put(fields.get(5), pid);
            }
        } catch (NumberFormatException notAPid) {
            // a form of line that is not known
        }
    }

    /** Who has an exclusive lock on a file. */
    public Optional<Long> of(FileStamp file) {
        return Optional.ofNullable(pids.get(key(file.device(), file.inode())));
    }

    /** Device and inode as in the table: major and minor number in hexadecimal, from their places in {@code st_dev}. */
    static String key(long device, long inode) {
        long major = (device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL);
        long minor = (device & 0xff) | (device >>> 12 & ~0xffL & 0xffff_ffffL);
        return "%02x:%02x:%d".formatted(major, minor, inode);
    }
}
