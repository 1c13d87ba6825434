// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvOptions.Sharing;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.core.draft.Draft;
import genv.core.file.Flock;
import genv.core.file.PlainDirectory;
import genv.core.json.JsonDraft;
import genv.core.json.JsonFiles;
import genv.core.json.PidMembers;
import genv.core.live.LifeLocks;
import genv.core.model.EnvBlock;
import genv.core.os.ErrnoException;
import genv.core.os.NativeDirectory;
import genv.core.os.Processes;
import genv.core.rules.Lives;
import genv.core.rules.PolicyCall;
import genv.core.rules.Reaping;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes a directory of one kind of state one of the other, if nothing is in it.
 *
 * <p>All of it under Genv's lock, so that two conversions do not undo each other. To JSON: where the mapped state is in use
 * nothing is touched. Otherwise {@code envs.json} comes first, so that whoever opens the directory from then on is told that
 * there are two states; then it is made sure once more that the mapped state is empty and that nobody has it open, and it is
 * deleted. To mapped: Genv's files are deleted, the devices first. Who is killed on the way leaves a directory of either
 * kind without an environment, or of both kinds, which the next to open it is told how to mend.
 */
public final class Conversion {
    private static final int WRITABLE_BY_OTHERS = 0022;

    private Conversion() {}

    /** Converts a directory; without an effect where it is of that kind. */
    public static void convert(Path path, StateFormat to) {
        PolicyCall.refuse();
        if (StateKinds.formatOf(path) == to) {
            return;
        }
        try (PlainDirectory directory = PlainDirectory.open(path)) {
            JsonFiles files = new JsonFiles(directory, members(directory));
            try (Flock _ = files.lock(false, System.nanoTime())) {
                if (StateKinds.formatOf(path) == to) {
                    return; // somebody else has converted it meanwhile
                }
                switch (to) {
                    case JSON -> toJson(directory, files);
                    case MAPPED -> toMapped(directory, files);
                }
            } catch (InterruptedException impossible) {
                throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
            }
        }
    }

    private static PidMembers members(PlainDirectory directory) {
        try {
            return new PidMembers(NativeDirectory.statusOf(directory.path()).orElseThrow());
        } catch (ErrnoException failed) {
            throw new StateException("the state directory could not be read: path=" + directory.path(), failed);
        }
    }

    // ---- to Genv's files -------------------------------------------------------------------------------------------

    private static void toJson(PlainDirectory directory, JsonFiles files) {
        if (directory.has(StateFiles.STATE)) {
            requireIdle(directory); // before those who use it are told that there are two states
        }
        files.create();
        boolean done = false;
        try {
            if (directory.has(StateFiles.STATE)) {
                requireIdle(directory); // some may have come since
                directory.remove(StateFiles.STATE);
            }
            done = true;
        } finally {
            if (!done) {
                files.remove();
            }
        }
        if (!directory.has(StateFiles.STATE)) { // otherwise it belongs to one that was made meanwhile
            directory.remove(StateFiles.LIVE);
        }
        StateKinds.letUsersReplace(directory);
    }

    private static void requireIdle(PlainDirectory directory) {
        try (MappedStore store = MappedStore.open(directory.path(), Sharing.EVERYONE)) {
            refuseIfAnyLives(directory, store.read(Conversion::eids));
        }
        refuseIfOpen(directory);
    }

    private static void refuseIfOpen(PlainDirectory directory) {
        try (LifeLocks locks = LifeLocks.open(directory.resolve(StateFiles.LIVE))) {
            if (locks.isAnyHeldBelow(LifeLocks.MAX_TOKEN)) {
                throw new StateException("the directory is in use: path=" + directory.path()
                        + "; end the programs that have it open (lslocks shows those that have locked "
                        + StateFiles.LIVE + "), then convert it");
            }
        }
    }

    // ---- to the mapped file ----------------------------------------------------------------------------------------

    private static void toMapped(PlainDirectory directory, JsonFiles files) {
        long pid = ProcessHandle.current().pid();
        JsonDraft draft = files.load(List.of(), List::of);
        Reaping.reap(draft, new Lives(pid, Processes::exists, members(directory)::isAlive));
        refuseIfAnyLives(directory, eids(draft));
        files.remove();
        setSticky(directory);
        MappedStore.open(directory.path(), Sharing.EVERYONE).close();
    }

    private static List<String> eids(Draft draft) {
        List<String> eids = new ArrayList<>();
        for (int i = 0; i < draft.envCount(); i++) {
            EnvBlock block = draft.env(i);
            eids.add(block.eid());
        }
        return eids;
    }

    private static void refuseIfAnyLives(PlainDirectory directory, List<String> eids) {
        if (!eids.isEmpty()) {
            throw new StateException("environments live in the directory: path=" + directory.path() + " eids=" + eids
                    + "; end them, then convert it");
        }
    }

    /** As a mapped state has it: where several may write the directory, none removes the files of others. */
    private static void setSticky(PlainDirectory directory) {
        if ((directory.permissions() & WRITABLE_BY_OTHERS) != 0) {
            directory.trySticky(true);
        }
    }
}
