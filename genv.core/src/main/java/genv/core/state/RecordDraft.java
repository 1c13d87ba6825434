// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.draft.Note;
import genv.core.layout.RootWord;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The draft of a transition on the mapped state: a copy of one record, and the environments that it refers to.
 *
 * <p>It was copied whole, and an environment whose cell was reused meanwhile ends the run of the {@link Edit}, which then
 * starts over.
 */
final class RecordDraft implements Draft {
    private final StateMemory memory;
    private final RecordImage image = new RecordImage();
    private final EnvEntries envs;
    private final DeviceRows devices = new DeviceRows(image);
    private final HolderRows holders = new HolderRows(image);
    private final WaiterRows waiters = new WaiterRows(image);
    private final WaitLines lines = new WaitLines(waiters, holders);
    private final IntPredicate outdated = this::isOutdated;
    private final List<Note> notes = new ArrayList<>();
    private long[] words = new long[32];
    private long root;
    private boolean isPristine;
    private boolean dirty;
    private boolean grants;
    private boolean frees;
    /** Whether somebody has left the queue, so that others are first who were not. */
    private boolean movesUp;
    /** Whether an environment has less than before, so that its own requests for locks may ask for less as well. */
    private boolean shrinks;

    /** The record that the present attempt to publish owns, or -1. */
    int record = -1;

    /** The cells that it owns. */
    int[] owned = new int[8];

    int ownedCount;

    /** Whether it is used once, since the draft of its slot was taken. */
    boolean isSpare;

    /** Whether the present attempt has begun to stamp what it owns. */
    boolean isStamped;

    /** How many of them the last attempt to publish has stamped: the first ones. */
    int stampedCount;

    RecordDraft(StateMemory memory, Cells cells) {
        this.memory = memory;
        this.envs = new EnvEntries(memory, cells, image);
    }

    // ---- life cycle, for Transitions -------------------------------------------------------------------------------

    /**
     * Begins a run on the state of a root word.
     *
     * @return false if its record is damaged or was reused meanwhile
     */
    boolean load(long newRoot, int record) {
        envs.begin(newRoot);
        notes.clear();
        dirty = false;
        grants = false;
        frees = false;
        movesUp = false;
        shrinks = false;
        boolean whole = (root == newRoot && isPristine) || image.load(memory, record, RootWord.version(newRoot));
        root = newRoot;
        isStamped = false;
        isPristine = false; // until the run has ended without a change
        return whole;
    }

    /** Says that the copy is what the record of that root word holds: the next run on it need not copy again. */
    void keepAs(long unchangedRoot) {
        root = unchangedRoot;
        isPristine = true;
    }

    RecordImage image() {
        return image;
    }

    EnvEntries envs() {
        return envs;
    }

    boolean hasNotes() {
        return !notes.isEmpty();
    }

    /** What this run has noted. The draft may be used again while it is told. */
    List<Note> takeNotes() {
        List<Note> taken = List.copyOf(notes);
        notes.clear();
        return taken;
    }

    @Override
    public void note(Note note) {
        notes.add(note);
    }

    boolean isDirty() {
        return dirty;
    }

    boolean grants() {
        return grants;
    }

    void own(int cell) {
        if (ownedCount == owned.length) {
            owned = Arrays.copyOf(owned, ownedCount * 2);
        }
        owned[ownedCount++] = cell;
    }

    /** An array for the words of one environment, which is written over by the next. */
    long[] room(int size) {
        if (words.length < size) {
            words = new long[size];
        }
        return words;
    }

    // ---- environments ----------------------------------------------------------------------------------------------

    @Override
    public long root() {
        return root;
    }

    @Override
    public long version() {
        return RootWord.version(root);
    }

    @Override
    public int envCount() {
        return envs.count();
    }

    @Override
    public EnvBlock env(int position) {
        return envs.get(position);
    }

    @Override
    public @Nullable EnvBlock find(String eid) {
        return envs.find(eid);
    }

    @Override
    public @Nullable EnvBlock find(int hash, long id) {
        return envs.find(hash, id);
    }

    @Override
    public void put(EnvBlock block) {
        EnvBlock old = envs.replace(block);
        if (old == null) {
            envs.add(block);
            grants |= !block.devices().isEmpty();
        } else {
            devices.account(old, -1);
            grants |= !old.devices().containsAll(block.devices());
            if (!block.devices().containsAll(old.devices()) || shrinks(old.gpuMemory(), block.gpuMemory())) {
                markFreed(old.devices());
                frees = true;
                shrinks = true;
            }
        }
        devices.account(block, 1);
        dirty = true;
    }

    @Override
    public void remove(EnvBlock block) {
        EnvBlock old = envs.remove(block.hash(), block.id());
        if (old == null) {
            return;
        }
        devices.account(old, -1);
        markFreed(block.devices());
        dirty = true;
        frees = true;
        for (int i = holders.count() - 1; i >= 0; i--) {
            if (holders.env(i) == block.id()) {
                removeHolderAt(i);
            }
        }
        for (int i = waiters.count() - 1; i >= 0; i--) {
            if (waiters.env(i) == block.id()) {
                removeWaiterAt(i);
            }
        }
    }

    private static boolean shrinks(long before, long after) {
        return before != after && (before == EnvBlock.WHOLE || (after != EnvBlock.WHOLE && after < before));
    }

    // ---- devices ---------------------------------------------------------------------------------------------------

    @Override
    public int deviceCount() {
        return image.deviceCount;
    }

    @Override
    public DeviceUse use(int index) {
        return devices.use(index);
    }

    @Override
    public int population(int index) {
        return devices.population(index);
    }

    @Override
    public void describe(int index, long totalMemory, int uuidHash) {
        devices.describe(index, totalMemory, uuidHash);
    }

    @Override
    public int uuidHash(int index) {
        return devices.uuidHash(index);
    }

    @Override
    public long millisSinceFreed(int index, long now) {
        return devices.millisSinceFreed(index, now);
    }

    @Override
    public void withhold(DeviceSet withheld) {
        markFreed(withheld);
        dirty = true;
    }

    /** Notes the time for those who wait, if anybody does. */
    private void markFreed(DeviceSet freed) {
        if (image.waiterCount != 0) {
            devices.markFreed(freed, System.currentTimeMillis());
        }
    }

    // ---- lock holders ----------------------------------------------------------------------------------------------

    @Override
    public int holderCount() {
        return holders.count();
    }

    @Override
    public Holder holder(int position) {
        return holders.get(position);
    }

    @Override
    public void addHolder(Holder holder) {
        holders.add(holder);
        dirty = true;
        grants = true;
    }

    @Override
    public @Nullable Holder findHolder(long id) {
        int position = holders.positionOf(id);
        return position < 0 ? null : holders.get(position);
    }

    @Override
    public void replaceHolder(Holder holder) {
        int position = holders.positionOf(holder.id());
        DeviceSet before = holders.devices(position);
        holders.set(position, holder);
        dirty = true;
        grants |= !before.containsAll(holder.devices());
        if (!holder.devices().containsAll(before)) {
            markFreed(before.minus(holder.devices()));
            frees = true;
        }
    }

    @Override
    public boolean removeHolder(long id) {
        int position = holders.positionOf(id);
        if (position < 0) {
            return false;
        }
        removeHolderAt(position);
        return true;
    }

    @Override
    public void removeHolderAt(int position) {
        markFreed(holders.devices(position));
        holders.removeAt(position);
        dirty = true;
        frees = true;
    }

    // ---- the queue -------------------------------------------------------------------------------------------------

    @Override
    public int waiterCount() {
        return waiters.count();
    }

    @Override
    public QueuedRequest waiter(int position) {
        return waiters.get(position);
    }

    @Override
    public QueuedRequest.Kind waiterKind(int position) {
        return waiters.kind(position);
    }

    @Override
    public DeviceSet waiterDevices(int position) {
        return waiters.devices(position);
    }

    @Override
    public long waiterTicket(int position) {
        return waiters.ticket(position);
    }

    @Override
    public long waiterSince(int position) {
        return waiters.since(position);
    }

    @Override
    public int waiterCount(int position) {
        return waiters.needed(position);
    }

    @Override
    public long waiterShare(int position) {
        return waiters.share(position);
    }

    @Override
    public long waiterToken(int position) {
        return waiters.token(position);
    }

    @Override
    public long waiterUid(int position) {
        return waiters.uid(position);
    }

    @Override
    public long millisSinceAsked(int position, long now) {
        return waiters.millisSinceAsked(position, now);
    }

    @Override
    public void askWaiter(int position, long now) {
        waiters.ask(position, now);
        dirty = true;
    }

    @Override
    public void enqueue(QueuedRequest request) {
        int at = waiters.positionOf(request.ticket());
        if (at < 0) {
            waiters.add(request);
        } else {
            DeviceSet before = waiters.devices(at);
            if (before.isEmpty() && !request.devices().isEmpty()) {
                frees = true; // no limit holds it up any more, nor those of its user behind it
            } else if (!request.devices().containsAll(before)) {
                markFreed(before.minus(request.devices()));
                movesUp = true;
            }
            waiters.set(at, request);
        }
        dirty = true;
    }

    @Override
    public boolean isQueued(QueuedRequest request) {
        return waiters.contains(request);
    }

    @Override
    public boolean dequeue(long ticket) {
        int position = waiters.positionOf(ticket);
        if (position < 0) {
            return false;
        }
        removeWaiterAt(position);
        return true;
    }

    @Override
    public void removeWaiterAt(int position) {
        DeviceSet wanted = waiters.devices(position);
        waiters.removeAt(position);
        markFreed(wanted);
        dirty = true;
        movesUp = true;
    }

    /** Those who may be served now that something was freed, each as its token and its ticket. */
    long[] toWake() {
        return frees || movesUp ? lines.first(0, !frees, shrinks ? outdated : _ -> false) : WaitLines.NOBODY;
    }

    @Override
    public long[] ticketsToCall(long token) {
        long[] pairs = lines.first(token, false, outdated);
        long[] tickets = new long[pairs.length / 2];
        for (int i = 0; i < tickets.length; i++) {
            tickets[i] = pairs[2 * i + 1];
        }
        return tickets;
    }

    @Override
    public boolean isFirstInLine(long ticket) {
        return lines.isFirst(ticket);
    }

    /** Whether a request waits for a lock on what its environment had once, and not for what that has now. */
    private boolean isOutdated(int position) {
        QueuedRequest.Kind kind = waiters.kind(position);
        if (kind == QueuedRequest.Kind.DEVICES) {
            return false;
        }
        EnvBlock block = find(EidHash.of(waiters.get(position).eid()), waiters.env(position));
        return block != null
                && (!block.devices().equals(waiters.devices(position))
                        || (kind == QueuedRequest.Kind.SHARED_LOCK && block.gpuMemory() != waiters.share(position)));
    }
}
