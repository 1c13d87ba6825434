// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.api.GenvException;
import genv.api.StateException;
import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.draft.Liveness;
import genv.core.draft.Note;
import genv.core.events.FlightEvents;
import genv.core.events.RetrySpan;
import genv.core.layout.CellLayout;
import genv.core.layout.ClaimWord;
import genv.core.layout.EnvCodec;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.model.EnvBlock;
import genv.core.os.ErrnoException;
import genv.core.os.SteadyPause;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of the state file: how many processes change it at the same time without a lock, and why none of them can
 * harm the others by dying.
 *
 * <h2>Actors and words</h2>
 *
 * <p>Every <em>process</em> has a token, unique while the host is up, and holds the byte of that number in {@code genv.live}
 * for its life. The <em>root word</em> names the current version and the record that holds it. Every record and every cell
 * has a <em>claim word</em>: FREE, OWNED by a token, or LIVE since a version.
 *
 * <h2>A transition</h2>
 *
 * <ol>
 *   <li>Read the root, copy its record into private memory, check its version and checksum, and that the root has not moved.
 *   <li>Edit the copy. Environments are read from their cells, each checked against its claim word before and after.
 *   <li>If nothing was changed, that was all: reading writes nothing.
 *   <li>Claim a record and as many cells as there are changed environments (OWNED), write them.
 *   <li>Stamp them LIVE with the version that is to be published.
 *   <li>Compare-and-set the root from what was read to (next version, own record). <b>This is the one step that others
 *       see.</b> Whoever loses takes its stamps back, by compare-and-set, frees what it claimed, and
 *       begins again: nothing is claimed while an edit runs.
 *   <li>Free the cells that the new state does not refer to. The replaced record needs no freeing: a record that is LIVE and
 *       not in the root is out of use.
 * </ol>
 *
 * <h2>Who may change a claim word</h2>
 *
 * <table>
 *   <caption>Claim words</caption>
 *   <tr><th>from</th><th>to</th><th>by</th></tr>
 *   <tr><td>FREE(v)</td><td>OWNED(t)</td><td>anybody, compare-and-set; a cell only if v is not above the version of the root
 *       that t has read</td></tr>
 *   <tr><td>OWNED(t)</td><td>LIVE(v), FREE</td><td>t, plain release; v is t's next version</td></tr>
 *   <tr><td>OWNED(t), t dead</td><td>OWNED(u), FREE</td><td>anybody, compare-and-set</td></tr>
 *   <tr><td>LIVE(v), v not above the root's version and not referred to from it</td><td>OWNED(u) (record), FREE (cell)</td>
 *       <td>anybody, compare-and-set</td></tr>
 *   <tr><td>LIVE(v), publishing it failed</td><td>OWNED(t)</td><td>t, compare-and-set; on failure it has lost it</td></tr>
 * </table>
 *
 * <p>LIVE(v) with v above the root's version is about to be published and is left alone. Once the root has reached v, it
 * either was published with v, or can never be. Not referred to at a version from v on, it is never referred to again under
 * that word, since only the copy of a state that refers to it could do so.
 *
 * <p>A LIVE word on one <em>cell</em> does not repeat. A cell is freed as FREE(v), with the version of its last life or a
 * later one, and claimed only by who has read a root from v on, and so stamps with a version above v. This is what a reader
 * relies on that finds the same claim word before and after reading a cell. A LIVE word on one <em>record</em> may repeat: a
 * process with an old root may claim a record and stamp it with a version that it can publish no more. It does no harm, since
 * the root, and not the claim word, tells a reader whether its copy is good, and whoever finds LIVE(v) decided may take it in
 * either life.
 *
 * <p>A FREE word may repeat; taking what is free is right whichever time it is. A record is claimed from it without asking
 * the root: the record that the root names is LIVE, since it was stamped before it was published and nobody may change that
 * word while the root names it. An OWNED(t) word may repeat while t lives, but then only t touches it; and a dead t does
 * nothing any more.
 *
 * <h2>What a crash leaves</h2>
 *
 * <p>Before the compare-and-set: the old state; a record and some cells OWNED by the dead, or LIVE with a version that is
 * soon reached; both are found and taken when one is needed ({@link #claimRecord}, {@link #sweep}). After it: the new state;
 * cells that nobody refers to, swept likewise, and sleepers not woken, who look again by themselves after a moment. A
 * thread that is stopped between claiming and publishing holds one record and some cells for as long; there are 128 and 32,767.
 *
 * <h2>Staleness that is harmless</h2>
 *
 * <p>A copy torn by a reuse of its record fails its check, the root has moved then, and the copy is made again. The hints
 * where to look for something free are plain racy fields: a wrong one costs a longer look.
 */
public final class Transitions {
    /** In place of when an operation began, where nobody has read the clock yet. */
    public static final long UNREAD = Long.MIN_VALUE;

    private static final int DAMAGE_CHECKS = 3;
    private static final int SWEEP_TRIES = 1000;
    private static final long CLAIM_PAUSE_NANOS = 50_000;

    private final StateMemory memory;
    private final Claims records;
    private final Claims cellClaims;
    private final Cells cells;
    private final Liveness liveness;
    private final long token;
    private final Surroundings surroundings;
    private final Precedence precedence;
    private final DraftPool drafts;

    /** Set before the last transition reads the state, and whoever has not read it by then is waited for before. */
    private volatile boolean hasEnded;

    /**
     * What lies outside of the mapped words.
     *
     * @param path the state file, for messages
     * @param intact whether the mapped file is still the one that others would open; given when the operation began
     * @param backing makes sure that a range of the file has its space on the disk before it is written
     * @param wake wakes who may be served now
     * @param noted is told what a published transition came upon
     */
    public record Surroundings(
            String path, LongPredicate intact, Backing backing, Wake wake, Consumer<List<Note>> noted) {}

    /** Makes sure that a range of the file has its space on the disk. */
    @FunctionalInterface
    public interface Backing {
        void ensure(long offset, long length);
    }

    /** Wakes the process of a token on behalf of its request of a ticket. */
    @FunctionalInterface
    public interface Wake {
        void wake(long token, long ticket);
    }

    public Transitions(StateMemory memory, long token, Liveness liveness, Surroundings surroundings) {
        this.memory = memory;
        this.token = token;
        this.liveness = liveness;
        this.surroundings = surroundings;
        this.precedence = new Precedence(memory);
        this.records = new Claims(memory, FileLayout.RECORD_CLAIM_OFFSET, FileLayout.RECORD_CLAIM_STRIDE, token, 0);
        this.cellClaims = new Claims(memory, FileLayout.CELL_CLAIM_OFFSET, FileLayout.CELL_CLAIM_STRIDE, token, 1);
        this.cells = new Cells(memory, cellClaims);
        this.drafts = new DraftPool(() -> new RecordDraft(memory, cells));
    }

    /** Writes the claims and the root of an empty state into a file that nobody else uses yet. */
    public static void initialise(StateMemory memory, long version) {
        for (int i = 0; i < FileLayout.RECORDS; i++) {
            memory.wordRelease(FileLayout.RECORD_CLAIM_OFFSET + i * FileLayout.RECORD_CLAIM_STRIDE, ClaimWord.free(0));
        }
        for (int i = 0; i < FileLayout.CELLS; i++) {
            memory.wordRelease(FileLayout.CELL_CLAIM_OFFSET + i * FileLayout.CELL_CLAIM_STRIDE, ClaimWord.free(0));
        }
        RecordImage empty = new RecordImage();
        empty.version = version;
        empty.store(memory, 0);
        memory.wordRelease(FileLayout.RECORD_CLAIM_OFFSET, ClaimWord.live(version));
        memory.wordRelease(FileLayout.ROOT_OFFSET, RootWord.of(version, 0));
    }

    /**
     * Runs an edit on the current state and publishes what it changed.
     *
     * @return what the edit returned in the run that counted
     * @throws StateException if the state file is damaged, deleted or full
     * @throws IllegalStateException if it has not read the state from before the last transition of this process
     */
    public <T extends @Nullable Object> T transact(Edit<T> edit) {
        return transact(edit, false, UNREAD);
    }

    /**
     * The same for who has read the clock.
     *
     * @param began when the operation began that this is the first transition of, by {@link System#nanoTime()}, or {@link
     *     #UNREAD}
     */
    public <T extends @Nullable Object> T transact(Edit<T> edit, long began) {
        return transact(edit, false, began);
    }

    /**
     * Runs the last edit of this process, which takes back all that it has. No other one runs on what that leaves: it would find
     * the own environments gone, as if others had ended them, or take something that nobody would give back.
     *
     * <p>On return no transition is under way, so memory and files can be closed; unless a policy takes longer than the deadline.
     *
     * @param deadline until when transitions under way are waited for, by {@link System#nanoTime()}
     */
    public void end(Consumer<Draft> edit, long deadline) {
        hasEnded = true;
        drafts.awaitAllBack(deadline); // those that have asked before may still publish something
        transact(
                draft -> {
                    edit.accept(draft);
                    return null;
                },
                true,
                UNREAD);
    }

    /**
     * Draws a place in the queue behind all that were drawn before.
     *
     * @throws IllegalStateException if the last transition of this process has begun
     */
    public long nextTicket() {
        RecordDraft draft = drafts.borrow(); // so that the end waits for it
        try {
            requireNotEnded(false);
            return memory.nextTicket();
        } finally {
            drafts.giveBack(draft);
        }
    }

    private <T extends @Nullable Object> T transact(Edit<T> edit, boolean isLast, long began) {
        RecordDraft draft = drafts.borrow();
        int damages = 0;
        int losses = 0;
        long asked = 0;
        RetrySpan race = null;
        try {
            while (true) {
                requireNotEnded(isLast);
                long root = memory.rootAcquire();
                try {
                    load(draft, root);
                    CrashPoint.COPIED.reach();
                    requireNotEnded(isLast);
                    T result = edit.apply(draft);
                    if (!draft.isDirty()) {
                        draft.keepAs(root);
                        return result;
                    }
                    CrashPoint.EDITED.reach();
                    requireNotEnded(isLast); // a policy may have taken long
                    if (asked == 0) {
                        precedence.giveWay();
                    }
                    if (commit(draft, root, began)) {
                        return result;
                    }
                } catch (RaceLost again) {
                    // begins again
                } catch (DamagedState damage) {
                    if (memory.rootAcquire() == root && ++damages == DAMAGE_CHECKS) {
                        throw damaged(String.valueOf(damage.getMessage()), damage);
                    }
                }
                abandon(draft); // the edit may ask a policy, and what is claimed meanwhile nobody else can use
                race = FlightEvents.lostRace(race);
                if (++losses >= Precedence.LOSSES) {
                    asked = precedence.ask(asked);
                } else {
                    Thread.onSpinWait();
                }
            }
        } catch (VirtualMachineError fault) {
            throw afterFault(draft, fault);
        } finally {
            if (asked != 0) {
                precedence.giveBack(asked);
            }
            abandon(draft);
            drafts.giveBack(draft);
            FlightEvents.raceOver(race);
        }
    }

    /** Whether the same transition may succeed later: a disk is full, or others use up what it needs. */
    public static boolean mayPass(StateException failure) {
        return failure.getCause() instanceof ErrnoException || failure.getCause() instanceof Exhausted;
    }

    /** To be asked before the memory is looked at, which may be unmapped, and when the state was read and edited. */
    private void requireNotEnded(boolean isLast) {
        if (hasEnded && !isLast) {
            throw new IllegalStateException("this process has left the state");
        }
    }

    /** Publishes what was edited, frees what it replaced and wakes who may be served now; false if somebody was first. */
    private boolean commit(RecordDraft draft, long root, long began) {
        if (draft.record < 0) {
            draft.record = claimRecord();
            CrashPoint.RECORD_CLAIMED.reach();
        }
        long[] sleepers = draft.toWake();
        long version = RootWord.version(root) + 1;
        if (!publish(draft, root, began)) {
            unstamp(draft, version);
            return false;
        }
        draft.keepAs(RootWord.of(version, draft.record));
        draft.record = -1;
        CrashPoint.PUBLISHED.reach();
        draft.envs().freeReplaced(version);
        CrashPoint.RELEASED.reach();
        for (int i = 0; i < sleepers.length; i += 2) {
            surroundings.wake.wake(sleepers[i], sleepers[i + 1]);
        }
        if (draft.hasNotes()) {
            surroundings.noted.accept(draft.takeNotes());
        }
        return true;
    }

    private RuntimeException afterFault(RecordDraft draft, VirtualMachineError fault) {
        if (draft.isStamped || fault instanceof InternalError) {
            draft.record =
                    -1; // what is stamped may be published already: it stays as it is, and is swept when out of use
            draft.ownedCount = 0;
        }
        if (fault instanceof InternalError) {
            return damaged("the state file lost pages under this process (truncated, or the disk is full)", fault);
        }
        throw fault;
    }

    /** Copies the current record, unless the draft holds it already from its last run. */
    private void load(RecordDraft draft, long root) {
        int record = RootWord.record(root);
        if (record >= FileLayout.RECORDS) {
            throw new DamagedState("the root word names no record: record=" + record);
        }
        boolean whole = draft.load(root, record);
        StateMemory.endOfReads();
        if (memory.rootAcquire() != root) {
            throw RaceLost.INSTANCE;
        }
        if (!whole) {
            throw new DamagedState(
                    "the current record fails its check: record=" + record + " version=" + RootWord.version(root));
        }
    }

    private boolean publish(RecordDraft draft, long root, long began) {
        int record = draft.record;
        long version = RootWord.version(root) + 1;
        int used = 0;
        EnvEntries envs = draft.envs();
        for (int i = 0; i < envs.fresh().size(); i++) {
            EnvBlock block = envs.fresh().get(i);
            int size = EnvCodec.size(block);
            if (size > EnvCodec.MAX_WORDS) {
                throw new GenvException("an environment is too large: eid=" + block.eid() + " members="
                        + block.members().size() + "; have fewer processes join it");
            }
            long[] words = draft.room(size);
            EnvCodec.encode(block, words);
            int count = Cells.cellsFor(size);
            ownCells(draft, used + count, root);
            for (int k = used; k < used + count; k++) {
                surroundings.backing.ensure(FileLayout.cellAt(draft.owned[k]), CellLayout.SIZE);
            }
            cells.write(words, size, draft.owned, used, count);
            envs.settle(i, draft.owned[used]);
            used += count;
        }
        RecordImage image = draft.image();
        image.version = version;
        ensureBacked(image, record);
        image.store(memory, record);
        CrashPoint.WRITTEN.reach();
        if (draft.grants() && !surroundings.intact.test(began == UNREAD ? System.nanoTime() : began)) {
            throw new StateException("the state file was deleted or replaced, or moved away, while it was in use: path="
                    + surroundings.path + "; nothing was given out; restart this program, and exempt the directory"
                    + " from cleaners of temporary files");
        }
        draft.stampedCount = used;
        draft.isStamped = true;
        for (int k = 0; k < used; k++) {
            cellClaims.stamp(draft.owned[k], version);
        }
        records.stamp(record, version);
        CrashPoint.STAMPED.reach();
        if (!memory.compareAndSetRoot(root, RootWord.of(version, record))) {
            return false;
        }
        records.hint(RootWord.record(root));
        envs.remember(version);
        for (; used < draft.ownedCount; used++) {
            cellClaims.release(draft.owned[used], version);
        }
        draft.ownedCount = 0;
        return true;
    }

    /** Sees to it that the draft owns that many cells. */
    private void ownCells(RecordDraft draft, int count, long root) {
        while (draft.ownedCount < count) {
            draft.own(claimCell(root));
            CrashPoint.CELL_CLAIMED.reach();
        }
    }

    private void ensureBacked(RecordImage image, int record) {
        long base = FileLayout.recordAt(record);
        Backing backing = surroundings.backing;
        backing.ensure(base, RecordLayout.DEVICE_OFFSET + 8L * image.deviceCount * RecordLayout.DEVICE_WORDS);
        backing.ensure(base + RecordLayout.ENV_OFFSET, image.envCount * 8L);
        backing.ensure(base + RecordLayout.HOLDER_OFFSET, 8L * image.holderCount * RecordLayout.HOLDER_WORDS);
        backing.ensure(base + RecordLayout.WAITER_OFFSET, 8L * image.waiterCount * RecordLayout.WAITER_WORDS);
    }

    /** Takes back what was stamped with a version that somebody else published. */
    private void unstamp(RecordDraft draft, long version) {
        int kept = 0;
        for (int i = 0; i < draft.ownedCount; i++) {
            int cell = draft.owned[i];
            if (i >= draft.stampedCount || cellClaims.unstamp(cell, version)) {
                draft.owned[kept++] = cell;
            }
        }
        draft.ownedCount = kept;
        if (!records.unstamp(draft.record, version)) {
            draft.record = -1;
        }
        draft.isStamped = false;
    }

    // ---- claiming --------------------------------------------------------------------------------------------------

    private int claimRecord() {
        for (int round = 0; round < SWEEP_TRIES; round++) {
            int start = records.hint();
            for (int i = 0; i < FileLayout.RECORDS; i++) {
                int record = (start + i) & (FileLayout.RECORDS - 1);
                long word = records.wordAcquire(record);
                if (isClaimableRecord(record, word, round > 0) && records.tryOwn(record, word)) {
                    return record;
                }
            }
            pause(CLAIM_PAUSE_NANOS); // all are claimed: let their owners go on
        }
        throw new StateException(
                "no record is free: records=" + FileLayout.RECORDS + " path=" + surroundings.path
                        + "; as many threads were stopped in the middle of a change: let their processes go on, or end"
                        + " them",
                new Exhausted("records", FileLayout.RECORDS));
    }

    /** Waits for so long, also where the thread is interrupted. */
    private static void pause(long nanos) {
        long end = System.nanoTime() + nanos;
        try (SteadyPause pause = new SteadyPause()) {
            for (long left = nanos; left > 0; left = end - System.nanoTime()) {
                pause.during(left);
            }
        }
    }

    private boolean isClaimableRecord(int record, long word, boolean thorough) {
        if (ClaimWord.isFree(word)) {
            return true;
        }
        if (ClaimWord.isLive(word)) {
            long root = memory.rootAcquire(); // read after the word: see the class comment
            return RootWord.record(root) != record && ClaimWord.version(word) <= RootWord.version(root);
        }
        return thorough && isDead(ClaimWord.token(word));
    }

    private boolean isDead(long owner) {
        return owner != token && !liveness.isAlive(owner);
    }

    /**
     * Claims a cell for a transition from that root. One that was freed at a later version tells that the transition has
     * lost: stamped with the version that it can publish no more, the cell could have the claim word again under which a
     * reader of an old state looks for the environment that was in it.
     */
    private int claimCell(long root) {
        for (int round = 0; round < 2; round++) {
            int start = cellClaims.hint();
            for (int i = 0; i < FileLayout.CELLS; i++) {
                int cell = (start + i) & (FileLayout.CELLS - 1);
                if (cell == 0) {
                    continue;
                }
                long word = cellClaims.wordAcquire(cell);
                if (!ClaimWord.isFree(word)) {
                    continue;
                }
                if (ClaimWord.version(word) > RootWord.version(root) && memory.rootAcquire() != root) {
                    throw RaceLost.INSTANCE;
                }
                if (cellClaims.tryOwn(cell, word)) {
                    cellClaims.hint(cell + 1);
                    return cell;
                }
            }
            sweep();
        }
        throw new StateException(
                "no cell is free: cells=" + (FileLayout.CELLS - 1) + " path=" + surroundings.path
                        + "; end some environments, or have fewer processes in each",
                new Exhausted("cells", FileLayout.CELLS - 1));
    }

    /** Frees the cells that crashed processes left: owned by the dead, or live and not referred to. */
    void sweep() {
        RecordImage image = new RecordImage();
        BitSet marked = new BitSet(FileLayout.CELLS);
        for (int tries = 0; tries < SWEEP_TRIES; tries++) {
            long root = memory.rootAcquire();
            int record = RootWord.record(root);
            marked.clear();
            boolean whole = record < FileLayout.RECORDS && image.load(memory, record, RootWord.version(root));
            for (int i = 0; whole && i < image.envCount; i++) {
                int cell = (int) image.envs[i];
                whole = cell > 0 && cell < FileLayout.CELLS && cells.mark(cell, image.version, marked);
            }
            StateMemory.endOfReads();
            if (whole && memory.rootAcquire() == root) {
                freeUnmarked(marked, image.version);
                return;
            }
            Thread.onSpinWait();
        }
    }

    private void freeUnmarked(BitSet marked, long version) {
        for (int cell = 1; cell < FileLayout.CELLS; cell++) {
            long word = cellClaims.wordAcquire(cell);
            if (ClaimWord.isLive(word)) {
                if (ClaimWord.version(word) <= version && !marked.get(cell)) {
                    cellClaims.free(cell, word);
                }
            } else if (ClaimWord.isOwned(word) && isDead(ClaimWord.token(word))) {
                // the dead one may have stamped it before: no version of that time is above that of the root now
                cellClaims.freeDead(cell, word, RootWord.version(memory.rootAcquire()));
            }
        }
    }

    // ---- drafts ----------------------------------------------------------------------------------------------------

    /** Gives back what is claimed and not published. */
    private void abandon(RecordDraft draft) {
        if (draft.record < 0 && draft.ownedCount == 0) {
            return;
        }
        long version = RootWord.version(memory.rootAcquire());
        for (int i = draft.ownedCount - 1; i >= 0; i--) {
            cellClaims.release(draft.owned[i], version);
            cellClaims.hint(draft.owned[i]);
        }
        draft.ownedCount = 0;
        if (draft.record >= 0) {
            records.release(draft.record, version);
            records.hint(draft.record);
            draft.record = -1;
        }
    }

    private StateException damaged(String what, Throwable cause) {
        StateException damage = new StateException(
                what + " path=" + surroundings.path
                        + "; end the programs that use it, then delete genv.state and genv.live in its directory",
                cause);
        System.getLogger("genv.core.state").log(System.Logger.Level.ERROR, "the state is damaged", damage);
        return damage;
    }
}
