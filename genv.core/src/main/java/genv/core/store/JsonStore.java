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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
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

    /** Held by whoever uses the files or their directories without the mutex, and against them by whoever closes them. */
    private final Lock using;

    private final Lock closing;

    /** What this process has locked, by holder. */
    private final HeldLocks held = new HeldLocks();

    /** Guarded by the mutex. */
    private final Memberships entered = new Memberships();

    private final LateLeaves late;
    private final Arrears arrears = new Arrears();
    private volatile boolean closed;

    private JsonStore(
            JsonFiles files,
            DeviceFlocks flocks,
            StateDirectory directory,
            PidMembers members,
            LateLeaves late,
            Supplier<List<Device>> hostDevices,
            Optional<String> inheritedEid) {
        ReentrantReadWriteLock closable = new ReentrantReadWriteLock();
        this.using = closable.readLock();
        this.closing = closable.writeLock();
        this.late = late;
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
        using.lock();
        try {
            requireNotClosed();
            return files.rootAcquire();
        } finally {
            using.unlock();
        }
    }

    @Override
    public Lives livesCached() {
        return lives.cached();
    }

    // ---- operations on the files -----------------------------------------------------------------------------------

    @Override
    public <T extends @Nullable Object> T read(Edit<T> edit) {
        long arrived = System.nanoTime();
        Optional<JsonDraft> known = unchanged();
        return edit.apply(known.isPresent() ? known.get() : readAgain(arrived));
    }

    private JsonDraft readAgain(long arrived) {
        mutex.lock();
        try {
            requireOpen();
            Optional<JsonDraft> readMeanwhile = files.unchanged(held.holders());
            if (readMeanwhile.isPresent()) {
                return readMeanwhile.get();
            }
            try (Flock _ = files.lock(false, arrived)) {
                return files.load(held.holders(), List::of);
            } catch (InterruptedException impossible) {
                throw new IllegalStateException("an uninterruptible wait was interrupted", impossible);
            }
        } finally {
            mutex.unlock();
        }
    }

    @Override
    public <T extends @Nullable Object> T read(Edit<T> edit, WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (limit.nanos() == 0 || !limit.interruptible()) {
            return read(edit);
        }
        long arrived = System.nanoTime();
        Optional<JsonDraft> known = unchanged();
        return edit.apply(known.isPresent() ? known.get() : readAgain(arrived, deadline));
    }

    private JsonDraft readAgain(long arrived, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (!mutex.tryLock(Math.max(deadline.remaining(), 0), TimeUnit.NANOSECONDS)) {
            throw new TimeoutException();
        }
        try {
            requireOpen();
            Optional<JsonDraft> readMeanwhile = files.unchanged(held.holders());
            if (readMeanwhile.isPresent()) {
                return readMeanwhile.get();
            }
            long rest = Math.max(deadline.remaining(), 0);
            boolean hasTime = rest > JsonFiles.LOCK_LIMIT.toNanos();
            try (Flock _ =
                    hasTime ? files.lock(true, arrived) : files.lock(rest, true).orElseThrow(TimeoutException::new)) {
                return files.load(held.holders(), List::of);
            }
        } finally {
            mutex.unlock();
        }
    }

    /** The state if it is known and has not changed: without its turn, so that it waits for nobody who waits for the files. */
    private Optional<JsonDraft> unchanged() {
        using.lock();
        try {
            requireOpen();
            return files.unchanged(held.holders());
        } finally {
            using.unlock();
        }
    }

    @Override
    public List<Holder> foreignHolders(List<EnvBlock> envs) {
        using.lock();
        try {
            requireOpen();
            return ForeignHolders.of(flocks.folder(), envs, held.holders());
        } finally {
            using.unlock();
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
                List<LateLeaves.Late> due = late.all();
                JsonDraft draft = load(due);
                T result;
                try {
                    result = edit.apply(draft);
                } catch (StateException failure) {
                    throw failure;
                } catch (GenvException refused) {
                    draft = load(due);
                    if (Reaping.reap(draft, lives) == 0) {
                        throw refused;
                    }
                    result = edit.apply(draft); // dead processes stood in its way
                }
                if (result instanceof Outcome.Busy) {
                    JsonDraft second = load(due);
                    if (Reaping.reap(second, lives) > 0) {
                        draft = second;
                        result = edit.apply(draft);
                    }
                }
                if (draft.grants()) {
                    StateKinds.requireOnlyJson(files.directory());
                }
                files.save(draft);
                late.done(due);
                held.giveBack(draft);
                report.accept(draft.notes());
                return result;
            }
        } finally {
            mutex.unlock();
        }
    }

    /** The state without what this process should have left before. */
    private JsonDraft load(List<LateLeaves.Late> due) {
        JsonDraft draft = files.load(held.holders(), hostDevices);
        due.forEach(one -> one.find(draft).ifPresent(block -> leave(draft, EnvRules.Key.of(block), caller.member())));
        return draft;
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
        requireNotClosed();
    }

    private void requireNotClosed() {
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
                entered.enter(block);
            }
            return outcome;
        } finally {
            mutex.unlock();
        }
    }

    /**
     * What of its own this process cannot leave now, it leaves with its next change, or with one that is made for that: nobody
     * else could do it.
     */
    @Override
    public boolean leave(EnvRules.Key env, Member member) {
        mutex.lock();
        try {
            if (closed) {
                return true; // closing has left everything
            }
            Optional<Long> created = member.pid() == caller.pid() ? entered.created(env) : Optional.empty();
            boolean ended = false;
            try {
                ended = change(draft -> leave(draft, env, member));
            } catch (StateException failed) {
                late.add(env.eid(), created.orElseThrow(() -> failed));
                arrears.add(
                        "an environment with its devices, path="
                                + files.directory().path() + " eid=" + env.eid() + ",",
                        this::reap,
                        failed);
            }
            if (created.isPresent()) {
                entered.leave(env);
            }
            return ended;
        } finally {
            mutex.unlock();
        }
    }

    private boolean leave(Draft draft, EnvRules.Key env, Member member) {
        EnvBlock block = draft.find(env.hash(), env.id());
        return new EnvRules(caller, lives).leave(draft, env, block == null ? member : PidMembers.in(block, member));
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
        try {
            return new FlockedDevices(flocks, caller, files.directory().path())
                    .lock(
                            env,
                            mode,
                            limit,
                            () -> read(draft -> draft.find(env.hash(), env.id()), limit, deadline),
                            (holder, locks) -> keep(env, holder, locks));
        } catch (StateException failed) {
            if (closed) {
                throw closedMeanwhile(failed);
            }
            throw failed;
        }
    }

    private IllegalStateException closedMeanwhile(@Nullable Throwable cause) {
        return new IllegalStateException(
                "the host was closed while a request was waiting: path="
                        + files.directory().path() + "; open another one",
                cause);
    }

    /** Keeps a lock that was taken. */
    private Holder keep(EnvRules.Key env, Holder holder, DeviceFlocks.Held locks) {
        boolean kept = false;
        using.lock();
        try {
            if (closed) {
                throw closedMeanwhile(null);
            }
            if (!entered.contains(env) && !caller.inherits(env.eid())) {
                throw caller.left(env.eid()); // nobody would give it back
            }
            StateKinds.requireOnlyJson(files.directory());
            kept = true;
            return held.add(holder, locks);
        } finally {
            using.unlock();
            if (!kept) {
                locks.close();
            }
        }
    }

    @Override
    public boolean extend(Holder holder, DeviceSet added) {
        Flock.Patience once = new Flock.Patience(0, DeviceFlocks.LONGEST_PAUSE, false);
        using.lock();
        try {
            requireOpen();
            Optional<DeviceFlocks.Held> more = flocks.lock(added, once);
            return more.isPresent() && held.extend(holder, added, more.get());
        } catch (InterruptedException impossible) {
            throw new IllegalStateException("a wait of no length was interrupted", impossible);
        } finally {
            using.unlock();
        }
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
            try {
                leaveAll();
            } finally {
                closeFiles();
            }
        } finally {
            mutex.unlock();
        }
    }

    private void closeFiles() {
        closing.lock();
        try (files;
                directory;
                flocks;
                arrears) {
            closed = true;
            held.close();
        } finally {
            closing.unlock();
        }
    }

    private void leaveAll() {
        if (entered.isEmpty() && late.all().isEmpty()) {
            return;
        }
        boolean done = false;
        try {
            change(draft -> {
                entered.forEach((env, created) -> leave(draft, env, caller.member()));
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
