// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.LockMode;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.api.spi.Device;
import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.file.Flock;
import genv.core.file.PlainDirectory;
import genv.core.file.StateDirectory;
import genv.core.json.DeviceFlocks;
import genv.core.json.ForeignHolders;
import genv.core.json.JsonDraft;
import genv.core.json.JsonFiles;
import genv.core.json.LateLeaves;
import genv.core.json.PidMembers;
import genv.core.limits.LimitsFile;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.os.ErrnoException;
import genv.core.os.FileStatus;
import genv.core.os.NativeDirectory;
import genv.core.os.ProcessStat;
import genv.core.os.Processes;
import genv.core.rules.Caller;
import genv.core.rules.Candidates;
import genv.core.rules.DeviceRules;
import genv.core.rules.EnvRules;
import genv.core.rules.LeaseRules;
import genv.core.rules.Limits;
import genv.core.rules.Lives;
import genv.core.rules.Outcome;
import genv.core.rules.PolicyCall;
import genv.core.rules.Reaping;
import genv.core.waiting.WaitLimit;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state in Genv's own files: every operation is a {@linkplain JsonTransactions transaction} on these, by the same rules as
 * elsewhere. The locks of devices are files too; they are never waited for while the state is locked.
 *
 * <p>What a process leaves that is killed: before the first of two files is replaced nothing; between the two, see
 * {@link JsonDraft}; after the second all. Its locks end with it, its environment is removed by whoever needs something.
 */
final class JsonStore implements Store {
    private final JsonTransactions files;
    private final Path path;
    private final DeviceFlocks flocks;
    private final StateDirectory directory;
    private final LimitsFile limits;
    private final PidMembers members;
    private final Caller caller;
    private final Lives lives;

    /** What this process has locked, by holder. */
    private final HeldLocks held = new HeldLocks();

    /** What this process is in. Changed by whoever has the turn at the files. */
    private final Memberships entered = new Memberships();

    private final LateLeaves late;
    private final Arrears arrears = new Arrears();

    private JsonStore(
            JsonFiles ofGenv,
            DeviceFlocks flocks,
            StateDirectory directory,
            PidMembers members,
            LateLeaves late,
            Supplier<List<Device>> hostDevices,
            Optional<String> inheritedEid) {
        this.late = late;
        this.path = ofGenv.directory().path();
        this.directory = directory;
        this.limits = new LimitsFile(directory);
        this.flocks = flocks;
        this.members = members;
        Member self = members.self();
        this.caller = new Caller(self.pid(), self.pid(), self.pidNamespace(), Owners.current(), inheritedEid);
        this.lives = new Lives(self.pid(), Processes::exists, members::isAlive);
        this.files = new JsonTransactions(ofGenv, held, late, caller, lives, hostDevices);
    }

    /**
     * Opens a directory of Genv, and removes what dead processes left.
     *
     * @param inheritedEid the environment that this process was started in
     */
    static JsonStore open(Path path, Supplier<List<Device>> hostDevices, Optional<String> inheritedEid) {
        PlainDirectory directory = PlainDirectory.open(path);
        StateDirectory forLimits = null;
        DeviceFlocks flocks = null;
        boolean done = false;
        try {
            StateKinds.letUsersReplace(directory);
            forLimits = StateDirectory.openOpenToAll(path);
            flocks = new DeviceFlocks(directory);
            flocks.folder(); // made where there is none, or refused now
            FileStatus status = NativeDirectory.statusOf(directory.path()).orElseThrow();
            PidMembers members = new PidMembers(status);
            JsonFiles files = new JsonFiles(directory, members);
            LateLeaves late = new LateLeaves(status);
            JsonStore store = new JsonStore(files, flocks, forLimits, members, late, hostDevices, inheritedEid);
            store.reap();
            done = true;
            return store;
        } catch (ErrnoException failed) {
            throw new StateException("the state directory could not be opened: path=" + path, failed);
        } finally {
            if (!done) {
                closeAll(directory, forLimits, flocks);
            }
        }
    }

    private static void closeAll(
            PlainDirectory directory, @Nullable StateDirectory forLimits, @Nullable DeviceFlocks flocks) {
        try (directory;
                forLimits) {
            if (flocks != null) {
                flocks.close();
            }
        }
    }

    @Override
    public Caller caller() {
        return caller;
    }

    @Override
    public StateFormat format() {
        return StateFormat.JSON;
    }

    @Override
    public long rootAcquire() {
        return files.rootAcquire();
    }

    @Override
    public Lives livesCached() {
        return lives.cached();
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    @Override
    public <T extends @Nullable Object> T read(Edit<T> edit) {
        return files.read(edit);
    }

    @Override
    public <T extends @Nullable Object> T read(Edit<T> edit, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        return files.read(edit, limit, deadline);
    }

    @Override
    public List<Holder> foreignHolders(List<EnvBlock> envs, List<Holder> shown) {
        return files.whileOpen(() -> ForeignHolders.of(flocks.folder(), envs, shown, held.holders()));
    }

    // ---- environments ----------------------------------------------------------------------------------------------

    @Override
    public Outcome<EnvBlock> activate(EnvRules.Activation asked, Candidates candidates, WaitLimit limit)
            throws InterruptedException {
        refuseToWait(limit);
        if (asked.lease() > 0) {
            throw noLeases();
        }
        long now = System.currentTimeMillis();
        EnvRules rules = new EnvRules(caller, lives, allowed(candidates, EnvBlock.gpus(asked.config()) > 0));
        long arrived = System.nanoTime();
        files.takeTurn(true); // what was entered is known to closing
        try {
            Outcome<EnvBlock> outcome = files.change(
                    draft -> {
                        reapIf(asked.overSubscribed(), draft);
                        return rules.activate(draft, asked, candidates, Long.MAX_VALUE, now);
                    },
                    true,
                    arrived);
            if (outcome instanceof Outcome.Granted<EnvBlock>(EnvBlock block)) {
                entered.enter(block);
            }
            return outcome;
        } finally {
            files.endTurn();
        }
    }

    /**
     * What of its own this process cannot leave now, it leaves with its next change, or with one that is made for that: nobody
     * else could do it.
     */
    @Override
    public boolean leave(EnvRules.Key env, Member member) {
        files.takeTurn();
        try {
            if (files.isClosed()) {
                return true; // closing has left everything
            }
            Optional<Long> created = member.pid() == caller.pid() ? entered.created(env) : Optional.empty();
            boolean ended = false;
            try {
                ended = files.change(draft -> files.leave(draft, env, member));
            } catch (StateException failed) {
                late.add(env.eid(), created.orElseThrow(() -> failed));
                arrears.add(
                        "an environment with its devices, path=" + path + " eid=" + env.eid() + ",",
                        this::reap,
                        failed);
            }
            if (created.isPresent()) {
                entered.leave(env);
            }
            return ended;
        } finally {
            files.endTurn();
        }
    }

    @Override
    public EnvBlock configure(EnvRules.Key env, EnvConfig config) {
        EnvRules rules = new EnvRules(caller, lives, allowed(Candidates.NONE, false));
        return files.change(draft -> rules.configure(draft, EnvRules.require(draft, env), config));
    }

    @Override
    public void adopt(EnvRules.Key env, Member member) {
        requireNamespace(member);
        EnvRules rules = new EnvRules(caller, lives);
        files.change(draft -> {
            EnvBlock block = EnvRules.require(draft, env);
            members.remember(block, member.pid(), member.mark());
            Member known = PidMembers.in(block, members.member(block.eid(), block.created(), member.pid()));
            if (block.members().stream().noneMatch(known::sameProcess)) {
                rules.adopt(draft, block, known);
            }
            return null;
        });
    }

    private static void requireNamespace(Member member) {
        if (member.pidNamespace() != ProcessStat.namespace()) {
            throw new GenvException("a process of another pid namespace cannot be made a member: pid=" + member.pid()
                    + "; Genv's files know pids of one namespace only");
        }
    }

    // ---- devices ---------------------------------------------------------------------------------------------------

    @Override
    public Outcome<EnvBlock> attach(
            EnvRules.Key env, int count, boolean overSubscribed, Candidates candidates, WaitLimit limit)
            throws InterruptedException {
        refuseToWait(limit);
        DeviceRules rules = new DeviceRules(caller, candidates, System.currentTimeMillis(), allowed(candidates, true));
        return files.change(
                draft -> {
                    reapIf(overSubscribed, draft);
                    return rules.attach(draft, env, count, overSubscribed, Long.MAX_VALUE);
                },
                true,
                System.nanoTime());
    }

    @Override
    public Outcome<EnvBlock> attachIndex(
            EnvRules.Key env, int index, boolean overSubscribed, Candidates candidates, WaitLimit limit)
            throws InterruptedException {
        refuseToWait(limit);
        DeviceRules rules =
                new DeviceRules(caller, candidates, System.currentTimeMillis(), allowed(Candidates.NONE, true));
        return files.change(
                draft -> rules.attachIndex(draft, env, index, overSubscribed, Long.MAX_VALUE), true, System.nanoTime());
    }

    @Override
    public EnvBlock detach(EnvRules.Key env, DeviceSet devices) {
        DeviceRules rules = new DeviceRules(caller, Candidates.NONE, System.currentTimeMillis());
        return files.change(draft -> rules.detach(draft, env, devices));
    }

    /**
     * What the owner of the host allows; what a placement policy needs is asked at the same time.
     *
     * @param attaches whether devices are asked for, which have to be lent where the owner demands leases
     */
    private LeaseRules allowed(Candidates candidates, boolean attaches) {
        candidates.prepare();
        Limits.OfUsers current = limits.current().orThrow();
        Limits own = current.apply(caller.user().uid());
        if (attaches && (own.longestLease() >= 0 || own.defaultLease() > 0)) {
            throw new GenvException(
                    "the owner of the host lends devices for a limited time only, which Genv's files have no place for:"
                            + " file=" + own.source() + " uid="
                            + caller.user().uid()
                            + "; take the leases out of the file, or convert the directory (GenvHost.convert)");
        }
        return LeaseRules.of(current);
    }

    // ---- leases ----------------------------------------------------------------------------------------------------

    @Override
    public EnvBlock renew(EnvRules.Key env, long millis) {
        throw noLeases();
    }

    @Override
    public @Nullable EnvBlock expire(EnvRules.Key env) {
        return read(draft -> draft.find(env.hash(), env.id()));
    }

    private GenvException noLeases() {
        return new GenvException("devices cannot be lent for a time in a state directory of Python Genv: path=" + path
                + "; its files have no place for leases: ask without one");
    }

    // ---- locks -----------------------------------------------------------------------------------------------------

    @Override
    public Outcome<Holder> lock(EnvRules.Key env, LockMode mode, WaitLimit limit) throws InterruptedException {
        PolicyCall.refuse();
        WaitLimit.Deadline deadline = limit.start();
        try {
            return new FlockedDevices(flocks, caller, path)
                    .lock(
                            env,
                            mode,
                            limit,
                            () -> read(draft -> draft.find(env.hash(), env.id()), limit, deadline),
                            (holder, locks) -> keep(env, holder, locks));
        } catch (StateException failed) {
            if (files.isClosed()) {
                throw closedMeanwhile(failed);
            }
            throw failed;
        }
    }

    private IllegalStateException closedMeanwhile(@Nullable Throwable cause) {
        return new IllegalStateException(
                "the host was closed while a request was waiting: path=" + path + "; open another one", cause);
    }

    /** Keeps a lock that was taken. */
    private Holder keep(EnvRules.Key env, Holder holder, DeviceFlocks.Held locks) {
        boolean kept = false;
        try {
            Holder result = files.whileOpen(() -> closedMeanwhile(null), () -> {
                if (!entered.contains(env) && !caller.inherits(env.eid())) {
                    throw caller.left(env.eid()); // nobody would give it back
                }
                files.requireOnlyJson();
                return held.add(holder, locks);
            });
            kept = true;
            return result;
        } finally {
            if (!kept) {
                locks.close();
            }
        }
    }

    @Override
    public boolean extend(Holder holder, DeviceSet added) {
        Flock.Patience once = new Flock.Patience(0, DeviceFlocks.LONGEST_PAUSE, false);
        return files.whileOpen(() -> {
            try {
                Optional<DeviceFlocks.Held> more = flocks.lock(added, once);
                return more.isPresent() && held.extend(holder, added, more.get());
            } catch (InterruptedException impossible) {
                throw new IllegalStateException("a wait of no length was interrupted", impossible);
            }
        });
    }

    /** Needs nothing of the state, so it does not wait for it. */
    @Override
    public void unlock(Holder holder) {
        held.release(holder.id());
    }

    // ---- the dead --------------------------------------------------------------------------------------------------

    private void reapIf(boolean overSubscribed, Draft draft) {
        if (overSubscribed) {
            Reaping.reap(draft, lives);
        }
    }

    @Override
    public int reap() {
        return files.change(draft -> Reaping.reap(draft, lives));
    }

    private void refuseToWait(WaitLimit limit) {
        if (limit.nanos() > 0) {
            throw new GenvException("a request cannot wait in a state directory of Python Genv: path="
                    + path
                    + "; its files have no place for a queue: ask without waitUpTo and try again later");
        }
    }

    @Override
    public void close() {
        PolicyCall.refuse();
        files.close(this::leaveAll, this::closeFiles);
    }

    private void closeFiles() {
        try (directory;
                flocks;
                arrears) {
            held.close();
        }
    }

    private void leaveAll() {
        if (entered.isEmpty() && late.all().isEmpty()) {
            return;
        }
        boolean done = false;
        try {
            files.change(draft -> {
                entered.forEach((env, created) -> files.leave(draft, env, caller.member()));
                return null;
            });
            done = true;
        } finally {
            if (!done) { // the next host of this process does it
                entered.forEach((env, created) -> late.add(env.eid(), created));
            }
        }
    }
}
