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
import genv.core.json.JsonDraft;
import genv.core.json.JsonFiles;
import genv.core.json.PidMembers;
import genv.core.limits.LimitsFile;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.os.ErrnoException;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state in Genv's own files: every operation is done under Genv's lock, by the same rules as elsewhere.
 *
 * <p>An operation takes the lock, reads both files, runs its edit, writes what has changed, and gives the lock back. Threads of
 * this process take turns before they come to the lock. The locks of devices are files too; they are never waited for while
 * the state is locked.
 *
 * <p>What a process leaves that is killed: before the first of two files is replaced nothing; between the two, see
 * {@link JsonDraft}; after the second all. Its locks end with it, its environment is removed by whoever needs something.
 */
final class JsonStore implements Store {
    private final JsonFiles files;
    private final DeviceFlocks flocks;
    private final StateDirectory directory;
    private final LimitsFile limits;
    private final PidMembers members;
    private final Caller caller;
    private final Lives lives;
    private final Supplier<List<Device>> hostDevices;
    private final NoteReport report;
    private final ReentrantLock mutex = new ReentrantLock(true);

    /** What this process has locked, by holder; guarded by the mutex, as all that follows. */
    private final HeldLocks held = new HeldLocks();

    /** How often this store is in which environment: what closing it takes back. */
    private final Map<EnvRules.Key, Integer> entered = new HashMap<>();

    private volatile boolean closed;

    private JsonStore(
            JsonFiles files,
            DeviceFlocks flocks,
            StateDirectory directory,
            PidMembers members,
            Supplier<List<Device>> hostDevices,
            Optional<String> inheritedEid) {
        this.files = files;
        this.directory = directory;
        this.limits = new LimitsFile(directory);
        this.flocks = flocks;
        this.members = members;
        this.hostDevices = hostDevices;
        this.report = new NoteReport(files.directory().path());
        Member self = members.self();
        this.caller = new Caller(self.pid(), self.pid(), self.pidNamespace(), Owners.current(), inheritedEid);
        this.lives = new Lives(self.pid(), Processes::exists, members::isAlive);
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
            forLimits = StateDirectory.openOpenToAll(path);
            flocks = new DeviceFlocks(directory);
            flocks.folder(); // made where there is none, or refused now
            PidMembers members =
                    new PidMembers(NativeDirectory.statusOf(directory.path()).orElseThrow());
            JsonFiles files = new JsonFiles(directory, members);
            JsonStore store = new JsonStore(files, flocks, forLimits, members, hostDevices, inheritedEid);
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

    // ---- operations on the files -----------------------------------------------------------------------------------

    @Override
    public <T extends @Nullable Object> T read(Edit<T> edit) {
        long arrived = System.nanoTime();
        mutex.lock();
        try {
            requireOpen();
            Optional<JsonDraft> unchanged = files.unchanged(held.holders());
            if (unchanged.isPresent()) {
                return edit.apply(unchanged.get());
            }
            try (Flock _ = files.lock(false, arrived)) {
                return edit.apply(files.load(held.holders(), List::of));
            } catch (InterruptedException impossible) {
                throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
            }
        } finally {
            mutex.unlock();
        }
    }

    /** An environment as it is now, or null; waits for its turn and for the state no longer than the limit says. */
    private @Nullable EnvBlock find(EnvRules.Key env, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (limit.nanos() == 0 || !limit.interruptible()) {
            return read(draft -> draft.find(env.hash(), env.id()));
        }
        long arrived = System.nanoTime();
        if (!mutex.tryLock(Math.max(deadline.remaining(), 0), TimeUnit.NANOSECONDS)) {
            throw new TimeoutException();
        }
        try {
            requireOpen();
            Optional<JsonDraft> unchanged = files.unchanged(held.holders());
            if (unchanged.isPresent()) {
                return unchanged.get().find(env.hash(), env.id());
            }
            long rest = Math.max(deadline.remaining(), 0);
            boolean hasTime = rest > JsonFiles.LOCK_LIMIT.toNanos();
            try (Flock _ =
                    hasTime ? files.lock(true, arrived) : files.lock(rest, true).orElseThrow(TimeoutException::new)) {
                return files.load(held.holders(), List::of).find(env.hash(), env.id());
            }
        } finally {
            mutex.unlock();
        }
    }

    @Override
    public List<Holder> foreignHolders() {
        mutex.lock();
        try {
            return files.foreignHolders(flocks.folder(), held.holders());
        } finally {
            mutex.unlock();
        }
    }

    /** Changes the state in a step that is not to be interrupted. */
    private <T extends @Nullable Object> T change(Edit<T> edit) {
        try {
            return change(edit, false, System.nanoTime());
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
        }
    }

    /** {@code arrived}: when it began, by {@link System#nanoTime()}. */
    private <T extends @Nullable Object> T change(Edit<T> edit, boolean interruptible, long arrived)
            throws InterruptedException {
        lockMutex(interruptible);
        try {
            requireOpen();
            try (Flock _ = files.lock(interruptible, arrived)) {
                JsonDraft draft = load();
                T result;
                try {
                    result = edit.apply(draft);
                } catch (StateException failure) {
                    throw failure;
                } catch (GenvException refused) {
                    draft = load();
                    if (Reaping.reap(draft, lives) == 0) {
                        throw refused;
                    }
                    result = edit.apply(draft); // dead processes stood in its way
                }
                if (result instanceof Outcome.Busy) {
                    JsonDraft second = load();
                    if (Reaping.reap(second, lives) > 0) {
                        draft = second;
                        result = edit.apply(draft);
                    }
                }
                if (draft.grants()) {
                    StateKinds.requireOnlyJson(files.directory());
                }
                files.save(draft);
                held.keepOnly(draft);
                report.accept(draft.notes());
                return result;
            }
        } finally {
            mutex.unlock();
        }
    }

    private JsonDraft load() {
        return files.load(held.holders(), hostDevices);
    }

    private void lockMutex(boolean interruptible) throws InterruptedException {
        if (interruptible && !mutex.tryLock()) {
            mutex.lockInterruptibly();
        } else if (!interruptible) {
            mutex.lock();
        }
    }

    private void requireOpen() {
        PolicyCall.refuse();
        if (closed) {
            throw new IllegalStateException(
                    "the host is closed: path=" + files.directory().path() + "; open another one");
        }
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
        lockMutex(true); // what was entered is known to closing
        try {
            Outcome<EnvBlock> outcome = change(
                    draft -> {
                        reapIf(asked.overSubscribed(), draft);
                        return rules.activate(draft, asked, candidates, Long.MAX_VALUE, now);
                    },
                    true,
                    arrived);
            if (outcome instanceof Outcome.Granted<EnvBlock>(EnvBlock block)) {
                entered.merge(EnvRules.Key.of(block), 1, Integer::sum);
            }
            return outcome;
        } finally {
            mutex.unlock();
        }
    }

    @Override
    public boolean leave(EnvRules.Key env, Member member) {
        EnvRules rules = new EnvRules(caller, lives);
        mutex.lock();
        try {
            if (closed) {
                return true; // closing has left everything
            }
            boolean ended = change(draft -> {
                EnvBlock block = draft.find(env.hash(), env.id());
                return rules.leave(draft, env, block == null ? member : PidMembers.in(block, member));
            });
            if (member.pid() == caller.pid()) {
                entered.computeIfPresent(env, (key, count) -> count > 1 ? count - 1 : null);
            }
            return ended;
        } finally {
            mutex.unlock();
        }
    }

    @Override
    public EnvBlock configure(EnvRules.Key env, EnvConfig config) {
        EnvRules rules = new EnvRules(caller, lives, allowed(Candidates.NONE, false));
        return change(draft -> rules.configure(draft, EnvRules.require(draft, env), config));
    }

    @Override
    public void adopt(EnvRules.Key env, Member member) {
        requireNamespace(member);
        EnvRules rules = new EnvRules(caller, lives);
        change(draft -> {
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
        return change(
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
        return change(
                draft -> rules.attachIndex(draft, env, index, overSubscribed, Long.MAX_VALUE), true, System.nanoTime());
    }

    @Override
    public EnvBlock detach(EnvRules.Key env, DeviceSet devices) {
        DeviceRules rules = new DeviceRules(caller, Candidates.NONE, System.currentTimeMillis());
        return change(draft -> rules.detach(draft, env, devices));
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
        return new GenvException("devices cannot be lent for a time in a state directory of Python Genv: path="
                + files.directory().path() + "; its files have no place for leases: ask without one");
    }

    // ---- locks -----------------------------------------------------------------------------------------------------

    @Override
    public Outcome<Holder> lock(EnvRules.Key env, LockMode mode, WaitLimit limit) throws InterruptedException {
        PolicyCall.refuse();
        WaitLimit.Deadline deadline = limit.start();
        return new FlockedDevices(flocks, caller, files.directory().path())
                .lock(env, mode, limit, () -> find(env, limit, deadline), (holder, locks) -> keep(env, holder, locks));
    }

    /** Keeps a lock that was taken. */
    private Holder keep(EnvRules.Key env, Holder holder, DeviceFlocks.Held locks) {
        boolean kept = false;
        mutex.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the host was closed while a request was waiting: path="
                        + files.directory().path());
            }
            if (!entered.containsKey(env) && !caller.inherits(env.eid())) {
                throw caller.left(env.eid()); // nobody would give it back
            }
            StateKinds.requireOnlyJson(files.directory());
            kept = true;
            return held.add(holder, locks);
        } finally {
            mutex.unlock();
            if (!kept) {
                locks.close();
            }
        }
    }

    @Override
    public boolean extend(Holder holder, DeviceSet added) {
        Flock.Patience once = new Flock.Patience(0, DeviceFlocks.LONGEST_PAUSE, false);
        try {
            Optional<DeviceFlocks.Held> more = flocks.lock(added, once);
            if (more.isEmpty()) {
                return false;
            }
            mutex.lock();
            try {
                return held.extend(holder, added, more.get());
            } finally {
                mutex.unlock();
            }
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("a wait of no length was interrupted", impossible);
        }
    }

    @Override
    public void unlock(Holder holder) {
        mutex.lock();
        try {
            held.release(holder.id());
        } finally {
            mutex.unlock();
        }
    }

    // ---- the dead --------------------------------------------------------------------------------------------------

    private void reapIf(boolean overSubscribed, Draft draft) {
        if (overSubscribed) {
            Reaping.reap(draft, lives);
        }
    }

    @Override
    public int reap() {
        return change(draft -> Reaping.reap(draft, lives));
    }

    private void refuseToWait(WaitLimit limit) {
        if (limit.nanos() > 0) {
            throw new GenvException("a request cannot wait in a state directory of Python Genv: path="
                    + files.directory().path()
                    + "; its files have no place for a queue: ask without waitUpTo and try again later");
        }
    }

    @Override
    public void close() {
        PolicyCall.refuse();
        mutex.lock();
        try {
            if (closed) {
                return;
            }
            try (files;
                    directory;
                    flocks;
                    held) {
                Map.copyOf(entered).forEach((env, count) -> {
                    for (int i = 0; i < count; i++) {
                        leave(env, caller.member());
                    }
                });
            } finally {
                closed = true;
            }
        } finally {
            mutex.unlock();
        }
    }
}
