// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.core.draft.Edit;
import genv.core.limits.LimitsFile;
import genv.core.live.LifeLocks;
import genv.core.live.ProcessIdentity;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.os.DayTime;
import genv.core.rules.Caller;
import genv.core.rules.Candidates;
import genv.core.rules.DeviceRules;
import genv.core.rules.EnvRules;
import genv.core.rules.LeaseRules;
import genv.core.rules.Limits;
import genv.core.rules.Lives;
import genv.core.rules.LockRules;
import genv.core.rules.Outcome;
import genv.core.rules.PolicyCall;
import genv.core.rules.Reaping;
import genv.core.state.StateMemory;
import genv.core.state.Transitions;
import genv.core.waiting.WaitLimit;
import genv.core.waiting.WaitRoom;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** The state in one mapped file: every operation is one transition. */
final class MappedStore implements Store {
    /** A transition takes microseconds; one that asks a policy, what that takes. */
    private static final long LONGEST_CLOSING_NANOS = 10_000_000_000L;

    private final StateFiles files;
    private final StateMemory memory;
    private final Transitions transitions;
    private final Lives lives;
    private final Caller caller;
    private final EnvRules rules;
    private final WaitRoom room;
    private final WaitingLine line;
    private final LimitsFile limits;
    private final Arrears arrears = new Arrears();
    private final LateNotes lateNotes;
    private volatile boolean closed;

    /** Set when the files are about to be closed: what cannot be told of them before is their fault, and is said so. */
    private volatile boolean hasLeft;

    private MappedStore(StateFiles files, Optional<String> inheritedEid) {
        this.files = files;
        this.memory = files.memory();
        this.limits = new LimitsFile(files.directory());
        long token = files.token();
        ProcessIdentity self = ProcessIdentity.current();
        this.caller = new Caller(token, self.pid(), self.pidNamespace(), Owners.current(), inheritedEid);
        this.lives = new Lives(token, this::isSeatHeld, MappedStore::isAdoptedAlive);
        this.rules = new EnvRules(caller, lives);
        this.room = new WaitRoom(memory, token, new Visits());
        this.line = new WaitingLine(room, new StateAccess());
        NoteReport report = new NoteReport(files.path());
        this.lateNotes = new LateNotes(report);
        this.transitions = new Transitions(
                memory,
                token,
                this::isSeatHeld,
                new Transitions.Surroundings(
                        files.path().toString(),
                        new IntactCheck(files.file(), () -> StateKinds.requireNoJson(files.directory())),
                        new Backed(files.file()),
                        room::wake,
                        notes -> (room.isLedByCaller() ? lateNotes : report).accept(notes)));
    }

    /** Opens the state of a directory, taking a seat in it, and removes what dead processes left. */
    static MappedStore open(Path directory, GenvOptions.Sharing sharing) {
        return open(directory, sharing, Optional.empty());
    }

    /** {@code inheritedEid}: the environment that this process was started in. */
    static MappedStore open(Path directory, GenvOptions.Sharing sharing, Optional<String> inheritedEid) {
        StateFiles files = StateFiles.open(directory, sharing);
        boolean done = false;
        try {
            MappedStore store = new MappedStore(files, inheritedEid);
            store.reap();
            done = true;
            return store;
        } finally {
            if (!done) {
                files.close();
            }
        }
    }

    @Override
    public Caller caller() {
        return caller;
    }

    @Override
    public StateFormat format() {
        return StateFormat.MAPPED;
    }

    @Override
    public long rootAcquire() {
        if (closed) {
            throw closedDuringOperation(null);
        }
        boolean isInterrupted = Thread.currentThread().isInterrupted();
        try {
            return memory.rootAcquire();
        } catch (IllegalStateException unmapped) {
            if (!isInterrupted) { // the runtime interrupts whom it meets in memory that is being unmapped
                Thread.interrupted();
            }
            throw explained(unmapped);
        }
    }

    @Override
    public <T extends @Nullable Object> T read(Edit<T> edit) {
        return transact(edit);
    }

    @Override
    public Lives livesCached() {
        return lives.cached();
    }

    // ---- environments ----------------------------------------------------------------------------------------------

    @Override
    public Outcome<EnvBlock> activate(EnvRules.Activation asked, Candidates candidates, WaitLimit limit)
            throws InterruptedException {
        String tooLong = tooLong(limit);
        if (tooLong != null) {
            return new Outcome.Never<>(tooLong, Math.max(EnvBlock.gpus(asked.config()), 0), DeviceSet.EMPTY);
        }
        reapIf(asked.overSubscribed());
        long began = System.nanoTime();
        long now = DayTime.millis(began);
        return acquire(limit, began, limits::current, leases -> {
            candidates.prepare();
            EnvRules allowed = rules.under(leases);
            return (draft, ticket) -> allowed.activate(draft, asked, candidates, ticket, now);
        });
    }

    @Override
    public boolean leave(EnvRules.Key env, Member member) {
        if (closed) {
            return true; // closing has left everything
        }
        Edit<Boolean> leaving = draft -> rules.leave(draft, env, member);
        try {
            return unlessClosed(() -> change(leaving));
        } catch (StateException failure) {
            if (!Transitions.mayPass(failure)) {
                throw failure;
            }
            arrears.add("an environment with its devices, eid=" + env.eid() + ",", () -> change(leaving), failure);
            return false;
        }
    }

    @Override
    public EnvBlock configure(EnvRules.Key env, EnvConfig config) {
        EnvRules allowed = rules.under(LeaseRules.of(limits()));
        return change(draft -> allowed.configure(draft, EnvRules.require(draft, env), config));
    }

    @Override
    public void adopt(EnvRules.Key env, Member member) {
        change(draft -> {
            rules.adopt(draft, EnvRules.require(draft, env), member);
            return null;
        });
    }

    // ---- devices ---------------------------------------------------------------------------------------------------

    @Override
    public Outcome<EnvBlock> attach(
            EnvRules.Key env, int count, boolean overSubscribed, Candidates candidates, WaitLimit limit)
            throws InterruptedException {
        String tooLong = tooLong(limit);
        if (tooLong != null) {
            return new Outcome.Never<>(tooLong, Math.max(count, 0), DeviceSet.EMPTY);
        }
        reapIf(overSubscribed);
        long began = System.nanoTime();
        long now = DayTime.millis(began);
        return acquire(limit, began, limits::current, leases -> {
            candidates.prepare();
            DeviceRules rules = new DeviceRules(caller, candidates, now, leases);
            return (draft, ticket) -> rules.attach(draft, env, count, overSubscribed, ticket);
        });
    }

    @Override
    public Outcome<EnvBlock> attachIndex(
            EnvRules.Key env, int index, boolean overSubscribed, Candidates candidates, WaitLimit limit)
            throws InterruptedException {
        String tooLong = tooLong(limit);
        if (tooLong != null) {
            return new Outcome.Never<>(tooLong, 1, DeviceSet.EMPTY);
        }
        long began = System.nanoTime();
        long now = DayTime.millis(began);
        return acquire(limit, began, limits::current, leases -> {
            DeviceRules rules = new DeviceRules(caller, candidates, now, leases);
            return (draft, ticket) -> rules.attachIndex(draft, env, index, overSubscribed, ticket);
        });
    }

    @Override
    public EnvBlock detach(EnvRules.Key env, DeviceSet devices) {
        DeviceRules rules = new DeviceRules(caller, Candidates.NONE, 0); // notes no time
        return transact(draft -> rules.detach(draft, env, devices));
    }

    // ---- leases ----------------------------------------------------------------------------------------------------

    @Override
    public EnvBlock renew(EnvRules.Key env, long millis) {
        LeaseRules leases = LeaseRules.of(limits());
        return transact(draft -> {
            EnvBlock block = EnvRules.require(draft, env);
            caller.mustOwn(block, "renew the lease of");
            return leases.renew(draft, block, millis);
        });
    }

    @Override
    public @Nullable EnvBlock expire(EnvRules.Key env) {
        LeaseRules leases = LeaseRules.unlimited();
        return transact(draft -> {
            EnvBlock block = draft.find(env.hash(), env.id());
            return block == null ? null : leases.withoutExpired(draft, block);
        });
    }

    /** The limits as they are now. */
    private Limits.OfUsers limits() {
        return usable(limits.current());
    }

    private Limits.OfUsers usable(LimitsFile.Reading reading) {
        if (closed) { // the directory may have been closed while it was asked
            throw closedDuringOperation(null);
        }
        return reading.orThrow();
    }

    /** Why a request of this user may not wait so long, or null. */
    private @Nullable String tooLong(WaitLimit limit) {
        return limit.nanos() == 0 ? null : limits().apply(caller.user().uid()).tooLong(limit.nanos());
    }

    // ---- locks -----------------------------------------------------------------------------------------------------

    @Override
    public Outcome<Holder> lock(EnvRules.Key env, LockMode mode, WaitLimit limit) throws InterruptedException {
        long began = System.nanoTime();
        LockRules rules = new LockRules(caller, DayTime.millis(began));
        WaitingLine.Attempt<Holder> attempt = (draft, ticket) -> rules.lock(draft, env, mode, ticket);
        return acquire(limit, began, _ -> LimitsFile.Reading.NONE, leases -> attempt);
    }

    @Override
    public boolean extend(Holder held, DeviceSet added) {
        LockRules rules = new LockRules(caller, System.currentTimeMillis());
        return transact(draft -> rules.extend(draft, held, added));
    }

    @Override
    public void unlock(Holder held) {
        if (closed) {
            return;
        }
        unlessClosed(() -> transact(draft -> draft.removeHolder(held.id())));
    }

    /** Gives something back; true also where the host is closed meanwhile, since that gives everything back. */
    private boolean unlessClosed(BooleanSupplier giveBack) {
        try {
            return giveBack.getAsBoolean();
        } catch (IllegalStateException failure) {
            if (closed) {
                return true;
            }
            throw failure;
        }
    }

    // ---- the dead --------------------------------------------------------------------------------------------------

    /** For requests that are granted whatever is in use, but that prefer what is free: the dead do not use anything. */
    private void reapIf(boolean overSubscribed) {
        if (overSubscribed) {
            reap();
        }
    }

    @Override
    public int reap() {
        return transact(draft -> Reaping.reap(draft, lives));
    }

    /** What every operation comes to: so a policy that is asked in one of them is refused all of them. */
    private <T extends @Nullable Object> T transact(Edit<T> edit) {
        return transact(edit, Transitions.UNREAD);
    }

    /** {@code began}: when the operation began that this is the first transition of. */
    private <T extends @Nullable Object> T transact(Edit<T> edit, long began) {
        PolicyCall.refuse();
        try {
            return transitions.transact(edit, began);
        } catch (IllegalStateException failure) {
            throw explained(failure);
        }
    }

    /** What an operation throws that comes after closing, or meets the unmapped memory. */
    private IllegalStateException explained(IllegalStateException failure) {
        return closed ? closedDuringOperation(failure) : failure;
    }

    private IllegalStateException closedDuringOperation(@Nullable Throwable cause) {
        return new IllegalStateException(
                "the host was closed during an operation: path=" + files.path() + "; open another one", cause);
    }

    /** Publishes a change. What is refused is tried again if dead processes stood in its way. */
    private <T extends @Nullable Object> T change(Edit<T> edit) {
        return change(edit, Transitions.UNREAD);
    }

    /** {@code began}: when the operation began that this is the first change of. */
    private <T extends @Nullable Object> T change(Edit<T> edit, long began) {
        try {
            return transact(edit, began);
        } catch (StateException failure) {
            throw failure;
        } catch (GenvException refused) {
            if (reap() == 0) {
                throw refused;
            }
            return transact(edit);
        }
    }

    private boolean isSeatHeld(long token) {
        if (token < 1 || token > LifeLocks.MAX_TOKEN) {
            return false; // no process was ever given it: the word is damaged
        }
        LifeLocks locks = files.locks();
        try {
            if (locks.isHeld(token)) {
                return true;
            }
            if (!locks.isIntact()) {
                throw new StateException(
                        "genv.live was deleted or replaced while it was in use, so who is alive cannot be told; "
                                + "end the programs that use the directory, then delete genv.state and genv.live");
            }
            return false;
        } catch (StateException | IllegalStateException failure) {
            throw hasLeft ? closedDuringOperation(failure) : failure;
        }
    }

    private static boolean isAdoptedAlive(Member member) {
        return new ProcessIdentity(member.pid(), member.mark(), member.pidNamespace()).isAlive();
    }

    // ---- waiting ---------------------------------------------------------------------------------------------------

    /**
     * Tries a request, and lets it wait.
     *
     * @param began when the operation began, by {@link System#nanoTime()}
     * @param readings gives what the owner of the host allows, for every try anew
     * @param attempts gives what is to be tried under that, having asked outside of the state what it looks at
     */
    private <T> Outcome<T> acquire(
            WaitLimit limit,
            long began,
            LongFunction<LimitsFile.Reading> readings,
            Function<LeaseRules, WaitingLine.Attempt<T>> attempts)
            throws InterruptedException {
        WaitingLine.Attempt<T> attempt = attempts.apply(LeaseRules.of(usable(readings.apply(began))));
        Outcome<T> outcome = change(draft -> attempt.apply(draft, Long.MAX_VALUE), began);
        while (outcome instanceof Outcome.Busy && reap() > 0) {
            outcome = change(draft -> attempt.apply(draft, Long.MAX_VALUE));
        }
        if (outcome instanceof Outcome.Busy<T> busy && limit.nanos() > 0) {
            return line.await(limit, () -> readings.apply(System.nanoTime()), attempts, busy);
        }
        return outcome;
    }

    /** What requests that wait do with the state. */
    private final class StateAccess implements WaitingLine.StateAccess {
        @Override
        public <T extends @Nullable Object> T transact(Edit<T> edit) {
            return MappedStore.this.transact(edit);
        }

        @Override
        public long nextTicket() {
            try {
                return transitions.nextTicket();
            } catch (IllegalStateException failure) {
                throw explained(failure);
            }
        }

        @Override
        public Limits.OfUsers usable(LimitsFile.Reading reading) {
            return MappedStore.this.usable(reading);
        }

        @Override
        public IllegalStateException closedWhileWaiting() {
            return new IllegalStateException(
                    "the host was closed while a request was waiting: path=" + files.path() + "; open another one");
        }
    }

    /** What those who wait ask of the state. */
    private final class Visits implements WaitRoom.Visits {
        @Override
        public void lookAfter() {
            reap();
        }

        @Override
        public long[] first() {
            return transact(draft -> draft.ticketsToCall(caller.token()));
        }
    }

    /** Wakes whoever waits here, removes what this process holds, gives its seat up and closes the files. */
    @Override
    public void close() {
        PolicyCall.refuse();
        if (closed) {
            return;
        }
        closed = true;
        long deadline = System.nanoTime() + LONGEST_CLOSING_NANOS;
        try (files;
                lateNotes;
                arrears) {
            leave(deadline);
        }
    }

    private void leave(long deadline) {
        try {
            room.close(deadline);
            transitions.end(draft -> Reaping.removeAll(draft, caller.token(), lives), deadline);
        } finally {
            hasLeft = true;
        }
    }
}
