// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.os.ProcessStat;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Warns where pids in Genv's files may be those of processes that this one cannot see, or the other way round.
 *
 * <p>The files do not say to which pid namespace a pid belongs, and nothing proves that two of them use one directory. What can be
 * seen is that this process is in a namespace of its own, while the directory is a part of a file system that was mounted into its
 * tree of files (a bind mount, a volume): so it is where a container was given a directory of its host, and where it was given a
 * volume that nobody else has, which is harmless. Hence a warning and no error.
 */
final class SharedPids {
    private static final System.Logger LOG = System.getLogger("genv.core.store");

    /** The number of the first pid namespace, the same on every Linux kernel. */
    private static final long FIRST_NAMESPACE = 0xEFFF_FFFCL;

    private static final int ROOT_FIELD = 3;
    private static final int PLACE_FIELD = 4;

    private SharedPids() {}

    /** Says so once; whoever calls it sees to that. */
    static void warnAbout(Path directory) {
        long namespace = ProcessStat.namespace() & 0xFFFF_FFFFL;
        if (namespace == 0 || namespace == FIRST_NAMESPACE) {
            return;
        }
        try {
            if (isMountedPart(directory.toRealPath(), Files.readAllLines(Path.of("/proc/self/mountinfo")))) {
                LOG.log(
                        Level.WARNING,
                        "the files of Python Genv may be shared with another pid namespace, whose processes would be"
                            + " taken for dead here, and those of here there: directory={0} pid_namespace={1}; if the"
                            + " host or another container uses the directory, start this container with Genv''s"
                            + " toolkit (GENV_CONTAINER), with the pids of the host, or with a directory of its own"
                            + " (GENV_TMPDIR)",
                        directory,
                        Long.toString(namespace));
            }
        } catch (IOException unknown) {
            // no evidence either way
        }
    }

    /** Whether the mount that a path lies in shows a part of its file system only, by the lines of {@code mountinfo}. */
    static boolean isMountedPart(Path path, List<String> mounts) {
        int longest = -1;
        boolean part = false;
        for (String line : mounts) {
            String[] fields = line.split(" ", -1);
            if (fields.length <= PLACE_FIELD) {
                continue;
            }
            Path place = Path.of(unescaped(fields[PLACE_FIELD]));
            if (path.startsWith(place)
                    && place.getNameCount() >= longest) { // of two at one place the later one is seen
                longest = place.getNameCount();
                part = !fields[ROOT_FIELD].equals("/");
            }
        }
        return part;
    }

    /** Blanks and the like are written as a backslash and three octal digits. */
    private static String unescaped(String field) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '\\' && i + 3 < field.length()) {
                text.append((char) Integer.parseInt(field, i + 1, i + 4, 8));
                i += 3;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }
}
