// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.core.draft.Draft;
import genv.core.model.EnvBlock;
import genv.core.os.FileStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this process is still in by the files, but should have left: writing them failed. Kept for the whole process, so that what
 * closing one host could not do is made up for by the next. Thread-safe.
 */
public final class LateLeaves {
    private static final Map<Place, List<Late>> ALL = new ConcurrentHashMap<>();

    private final List<Late> due;

    private record Place(long device, long inode) {}

    /**
     * One membership.
     *
     * @param created as the file has it
     */
    public record Late(String eid, String created) {
        /** The environment as it is now; empty if it has ended, also where there is another one under its identifier. */
        public Optional<EnvBlock> find(Draft draft) {
            return Optional.ofNullable(draft.find(eid))
                    .filter(block -> LocalTimes.print(block.created()).equals(created));
        }
    }

    /** Of a state directory. */
    public LateLeaves(FileStatus directory) {
        this.due = ALL.computeIfAbsent(new Place(directory.device(), directory.inode()), place -> new ArrayList<>());
    }

    /** Says that an environment could not be left, which was created then, in milliseconds since 1970. */
    public void add(String eid, long created) {
        synchronized (due) {
            due.add(new Late(eid, LocalTimes.print(created)));
        }
    }

    /** What is to be left, the earliest first; the same membership as often as it was entered. */
    public List<Late> all() {
        synchronized (due) {
            return List.copyOf(due);
        }
    }

    /** Says that these were left. */
    public void done(List<Late> left) {
        synchronized (due) {
            left.forEach(due::remove);
        }
    }
}
