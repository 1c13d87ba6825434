// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import static genv.core.variables.VariableNames.GENV_ENVIRONMENT_ID;

import genv.core.model.EnvBlock;
import genv.core.model.Member;
import genv.core.os.FileStatus;
import genv.core.os.ProcessStat;
import genv.core.os.Processes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Who lives, as far as pids in Genv's files tell.
 *
 * <p>A pid is dead that no process has, or a zombie. The number may be another process's by now. The files do not say when
 * their process started, only when the environment was created, by a clock that can be set: what it says next to the time of
 * a boot, or of a process, proves nothing, since the kernel counts both back from that clock. That it is another process is
 * certain, and it counts as dead, where
 * <ul>
 *   <li>this process saw the number before, with another start time;
 *   <li>the number is this process's own, the identifier of the environment is that number, as it is by default for whoever
 *       creates one, this process has neither entered it nor was it started in it, and it is younger than the environment by
 *       more than local times without a zone can be apart ({@link #ZONES}).
 * </ul>
 * Doubt counts as life: then devices may stay taken too long, but are never given twice.
 *
 * <p>Thread-safe.
 */
public final class PidMembers implements EnvEntry.Members {
    /** How far apart two local times of the same instant can be, in different zones. */
    static final Duration ZONES = Duration.ofHours(26);

    private static final int MOST_SEEN = 10_000;

    /** Of this whole process, however many hosts it has open: the file has its pid once. */
    private static final Map<Membership, Integer> COUNTS = new ConcurrentHashMap<>();

    /** When the processes started that this one has seen behind a pid of an environment. */
    private static final Map<Seen, Long> START_TICKS = new ConcurrentHashMap<>();

    /** The environment that this process was started in; also one that another program has become this process in. */
    private static final Optional<String> INHERITED = Optional.ofNullable(System.getenv(GENV_ENVIRONMENT_ID));

    private final long ownPid = ProcessHandle.current().pid();
    private final FileStatus directory;

    /** How often this process is in one environment of one directory. */
    private record Membership(long device, long inode, String eid, String created) {}

    private record Seen(long device, long inode, long mark, long pid) {}

    /** {@code directory}: the state's. */
    public PidMembers(FileStatus directory) {
        this.directory = directory;
    }

    /** This process as a member. */
    public Member self() {
        return Member.seated(ownPid, ownPid, ProcessStat.namespace());
    }

    @Override
    public Member member(String eid, long created, long pid) {
        boolean isCreator = (eid.equals(Long.toString(pid)) || eid.startsWith(pid + "-"))
                && INHERITED.filter(eid::equals).isEmpty();
        // the mark of an adopted member is its own affair: here the creation and what the identifier says
        Member member = Member.adopted(created / 1000 * 2 + (isCreator ? 1 : 0), pid, ProcessStat.namespace());
        // the own pid may be left of a dead process that had it, as where every start of a container counts from 1
        return pid == ownPid && (COUNTS.containsKey(membership(eid, created)) || !isOfAPredecessor(member))
                ? self()
                : member;
    }

    @Override
    public Member kernel(String eid, int number) {
        return Member.adopted(number, 0, 0);
    }

    /** The member of an environment that has that pid, or the one given. */
    public static Member in(EnvBlock block, Member member) {
        return block.members().stream()
                .filter(known -> known.pid() == member.pid())
                .findFirst()
                .map(known -> known.withCount(member.count()))
                .orElse(member);
    }

    /** The same environment with the number of times that this process is in it by now. */
    EnvBlock counted(EnvBlock block) {
        for (Member member : block.members()) {
            if (member.pid() == ownPid) {
                int count = COUNTS.getOrDefault(membership(block.eid(), block.created()), 1);
                return count == member.count()
                        ? block
                        : block.withMembers(block.members().stream()
                                .map(one -> one.pid() == ownPid ? one.withCount(count) : one)
                                .toList());
            }
        }
        return block;
    }

    /** Remembers what the file cannot hold: how often this process is in each environment. */
    void remember(List<EnvBlock> before, List<EnvBlock> now) {
        for (EnvBlock block : before) {
            COUNTS.remove(membership(block.eid(), block.created()));
        }
        for (EnvBlock block : now) {
            Membership key = membership(block.eid(), block.created());
            int count = block.members().stream()
                    .filter(member -> member.pid() == ownPid)
                    .mapToInt(Member::count)
                    .sum();
            if (count > 0) {
                COUNTS.put(key, count);
            }
        }
    }

    /** Remembers when a process started that was made a member here. */
    public void remember(EnvBlock block, long pid, long start) {
        START_TICKS.put(
                new Seen(
                        directory.device(),
                        directory.inode(),
                        member(block.eid(), block.created(), pid).mark(),
                        pid),
                start);
    }

    /** Whether a member that is not this process lives. */
    public boolean isAlive(Member member) {
        if (member.pid() == 0) {
            return true; // a kernel
        }
        if (member.pid() == ownPid && isOfAPredecessor(member)) {
            return false;
        }
        Optional<ProcessStat> stat = ProcessStat.isAvailable() ? ProcessStat.read(member.pid()) : Optional.empty();
        if (stat.isEmpty()) {
            return Processes.exists(member.pid());
        }
        if (stat.get().isDead()) {
            return false;
        }
        long start = stat.get().startTicks();
        if (START_TICKS.size() > MOST_SEEN) {
            START_TICKS.clear();
        }
        Long seen = START_TICKS.putIfAbsent(
                new Seen(directory.device(), directory.inode(), member.mark(), member.pid()), start);
        return seen == null || seen == start;
    }

    /** Whether a member with the own pid that this process did not make one is the process that had the pid before. */
    private static boolean isOfAPredecessor(Member member) {
        Instant latestCreation =
                Instant.ofEpochSecond(Math.floorDiv(member.mark(), 2L)).plus(ZONES);
        boolean isCreator = (member.mark() & 1) != 0;
        return isCreator
                && ProcessHandle.current()
                        .info()
                        .startInstant()
                        .filter(latestCreation::isBefore)
                        .isPresent();
    }

    private Membership membership(String eid, long created) {
        return new Membership(directory.device(), directory.inode(), eid, LocalTimes.print(created));
    }
}
