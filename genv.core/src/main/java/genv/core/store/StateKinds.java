// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.StateException;
import genv.api.StateFormat;
import genv.core.file.PlainDirectory;
import genv.core.file.StateDirectory;
import genv.core.json.DeviceFlocks;
import genv.core.json.JsonFiles;
import genv.core.limits.LimitsFile;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which kind of state a directory has, by the names in it. Two would give out the same devices: that is refused when a directory
 * is opened, and afterwards before anything is given out, since a Genv command that is run beside a mapped state makes its own
 * files there, and a host of this library beside files that were removed a mapped state.
 */
final class StateKinds {
    private static final List<String> JSON = List.of(JsonFiles.ENVS, JsonFiles.DEVICES);

    private StateKinds() {}

    /** Asks what has a name in some directory. */
    @FunctionalInterface
    private interface Lookup {
        Optional<FileStatus> status(String name) throws ErrnoException;
    }

    /**
     * How the state of a directory is kept, or would be where there is none yet.
     *
     * @throws StateException if there are two
     */
    static StateFormat formatOf(Path directory) {
        List<String> json = present(name -> NativeDirectory.statusOf(directory.resolve(name)));
        if (json.isEmpty()) {
            return StateFormat.MAPPED;
        }
        if (isThere(directory, StateFiles.STATE)) {
            throw two(directory, json);
        }
        return StateFormat.JSON;
    }

    static boolean isThere(Path directory, String name) {
        return isThere(named -> NativeDirectory.statusOf(directory.resolve(named)), name);
    }

    /**
     * For a mapped state that is open: at most two system calls.
     *
     * @throws StateException if files of Genv are beside it
     */
    static void requireNoJson(StateDirectory directory) {
        List<String> json = present(directory::statusOfFile);
        if (!json.isEmpty()) {
            throw two(directory.path(), json);
        }
    }

    /**
     * For files of Genv that are open.
     *
     * @throws StateException if a mapped state is beside them, or others who name the directory would find another one
     */
    static void requireOnlyJson(PlainDirectory directory) {
        if (directory.has(StateFiles.STATE)) {
            throw two(directory.path(), JSON.stream().filter(directory::has).toList());
        }
        directory.requireInPlace();
    }

    /**
     * Takes away the sticky bit that a mapped state has left, where this user may: Genv's users replace each other's files. Not from
     * a directory with other things in it, such as {@code /tmp}, which it may protect.
     */
    static void letUsersReplace(PlainDirectory directory) {
        if (directory.isSticky() && directory.names().stream().allMatch(StateKinds::isOfAState)) {
            directory.trySticky(false);
        }
    }

    private static boolean isOfAState(String name) {
        return name.startsWith("genv.")
                || name.equals(DeviceFlocks.FOLDER)
                || Stream.of(JsonFiles.ENVS, JsonFiles.DEVICES, LimitsFile.NAME).anyMatch(name::startsWith);
    }

    private static List<String> present(Lookup lookup) {
        return JSON.stream().filter(name -> isThere(lookup, name)).toList();
    }

    /** What cannot be asked for counts as absent: whoever then opens the directory is told why it cannot be. */
    private static boolean isThere(Lookup lookup, String name) {
        try {
            return lookup.status(name).isPresent();
        } catch (ErrnoException unreachable) {
            return false;
        }
    }

    private static StateException two(Path directory, List<String> json) {
        return new StateException("there are two states in one directory, and each would give out the same devices:"
                + " directory=" + directory + " of_genv_for_java=" + StateFiles.STATE + " of_python_genv=" + json
                + "; nothing was given out: end the programs that use it, then keep one: to share the host with Python"
                + " Genv delete " + StateFiles.STATE + " and " + StateFiles.LIVE
                + " and take the sticky bit away (chmod -t "
                + directory + "), otherwise delete "
                + JsonFiles.ENVS + " and " + JsonFiles.DEVICES + " and let Genv use another directory (GENV_TMPDIR)");
    }
}
