// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.draft.Note;
import genv.core.layout.Checksum;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The draft of a transition on the mapped state: a copy of one record, and the environments that it refers to.
 *
 * <p>It was copied whole, and an environment whose cell was reused meanwhile ends the run of the {@link Edit}, which then
 * starts over.
 */
final class RecordDraft implements Draft {
    /** The cell number of an environment that is not written yet: this bit and its place among {@link #fresh}. */
    private static final long FRESH = 0x8000_0000L;

    /** Times that are kept in half a word count units of 64 ms. */
    private static final int STAMP_SHIFT = 6;

    private final StateMemory memory;
    private final Cells cells;
    private final RecordImage image = new RecordImage();
    private final List<EnvBlock> fresh = new ArrayList<>();
    private final List<Note> notes = new ArrayList<>();
    private int[] freshCells = new int[4];
    private long[] words = new long[32];

    private int[] replaced = new int[8];
    private int replacedCount;
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
        this.cells = cells;
    }

    // ---- life cycle, for Transitions -------------------------------------------------------------------------------

    /**
     * Begins a run on the state of a root word.
     *
     * @return false if its record is damaged or was reused meanwhile
     */
    boolean load(long newRoot, int record) {
        fresh.clear();
        notes.clear();
        replacedCount = 0;
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

    List<EnvBlock> fresh() {
        return fresh;
    }

    int[] replaced() {
        return replaced;
    }

    int replacedCount() {
        return replacedCount;
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

    /** Puts the cell in which a fresh environment was written into its entry. */
    void settle(int place, int cell) {
        if (place >= freshCells.length) {
            freshCells = Arrays.copyOf(freshCells, place * 2);
        }
        freshCells[place] = cell;
        EnvBlock block = fresh.get(place);
        int at = firstOf(block.hash());
        long wanted = FRESH | place;
        while ((image.envs[at] & 0xffff_ffffL) != wanted) {
            at++;
        }
        image.envs[at] = (image.envs[at] & 0xffff_ffff_0000_0000L) | cell;
        image.envSum += Checksum.ofMember(image.envs[at]);
    }

    /** Spares this process decoding what it has just published. */
    void rememberIn(Cells target, long version) {
        for (int i = 0; i < fresh.size(); i++) {
            target.remember(freshCells[i], version, fresh.get(i));
        }
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
        return image.envCount;
    }

    @Override
    public EnvBlock env(int position) {
        return block(image.envs[position]);
    }

    @Override
    public @Nullable EnvBlock find(String eid) {
        int hash = EidHash.of(eid);
        for (int i = firstOf(hash); i < image.envCount && (int) (image.envs[i] >>> 32) == hash; i++) {
            EnvBlock block = block(image.envs[i]);
            if (block.eid().equals(eid)) {
                return block;
            }
        }
        return null;
    }

    @Override
    public @Nullable EnvBlock find(int hash, long id) {
        for (int i = firstOf(hash); i < image.envCount && (int) (image.envs[i] >>> 32) == hash; i++) {
            EnvBlock block = block(image.envs[i]);
            if (block.id() == id) {
                return block;
            }
        }
        return null;
    }

    @Override
    public void put(EnvBlock block) {
        int hash = block.hash();
        int at = firstOf(hash);
        for (; at < image.envCount && (int) (image.envs[at] >>> 32) == hash; at++) {
            EnvBlock old = block(image.envs[at]);
            if (old.eid().equals(block.eid())) {
                account(old, -1);
                account(block, 1);
                grants |= !old.devices().containsAll(block.devices());
                if (!block.devices().containsAll(old.devices()) || shrinks(old.gpuMemory(), block.gpuMemory())) {
                    markFreed(old.devices());
                    frees = true;
                    shrinks = true;
                }
                replace(at, block);
                return;
            }
        }
        if (image.envCount == RecordLayout.MAX_ENVS) {
            throw new GenvException("too many environments: limit=" + RecordLayout.MAX_ENVS
                    + "; wait until some have ended, or use another state directory (GENV_TMPDIR)");
        }
        account(block, 1);
        grants |= !block.devices().isEmpty();
        image.roomForEnv();
        System.arraycopy(image.envs, at, image.envs, at + 1, image.envCount - at);
        image.envCount++;
        image.envs[at] = (long) hash << 32 | FRESH | fresh.size();
        fresh.add(block);
        dirty = true;
    }

    @Override
    public void remove(EnvBlock block) {
        int hash = block.hash();
        for (int at = firstOf(hash); at < image.envCount && (int) (image.envs[at] >>> 32) == hash; at++) {
            if (block(image.envs[at]).id() != block.id()) {
                continue;
            }
            account(block(image.envs[at]), -1);
            markFreed(block.devices());
            retire(at);
            System.arraycopy(image.envs, at + 1, image.envs, at, image.envCount - at - 1);
            image.envCount--;
            dirty = true;
            frees = true;
            for (int i = image.holderCount - 1; i >= 0; i--) {
                if (holderWord(i, RecordLayout.HOLDER_ENV) == block.id()) {
                    removeHolderAt(i);
                }
            }
            for (int i = image.waiterCount - 1; i >= 0; i--) {
                if (waiterWord(i, RecordLayout.WAITER_ENV) == block.id()) {
                    removeWaiterAt(i);
                }
            }
            return;
        }
    }

    private static boolean shrinks(long before, long after) {
        return before != after && (before == EnvBlock.WHOLE || (after != EnvBlock.WHOLE && after < before));
    }

    private void replace(int at, EnvBlock block) {
        long cell = image.envs[at] & 0xffff_ffffL;
        if ((cell & FRESH) != 0) {
            fresh.set((int) (cell & ~FRESH), block);
        } else {
            retire(at);
            image.envs[at] = (image.envs[at] & 0xffff_ffff_0000_0000L) | FRESH | fresh.size();
            fresh.add(block);
        }
        dirty = true;
    }

    private void retire(int at) {
        long cell = image.envs[at] & 0xffff_ffffL;
        if ((cell & FRESH) != 0) {
            throw new IllegalStateException("an environment is created and removed in one transition");
        }
        if (replacedCount == replaced.length) {
            replaced = Arrays.copyOf(replaced, replacedCount * 2);
        }
        replaced[replacedCount++] = (int) cell;
        image.envSum -= Checksum.ofMember(image.envs[at]);
    }

    private EnvBlock block(long entry) {
        long cell = entry & 0xffff_ffffL;
        if ((cell & FRESH) != 0) {
            return fresh.get((int) (cell & ~FRESH));
        }
        EnvBlock block = cells.read((int) cell, version());
        if (block != null && block.hash() == (int) (entry >>> 32)) {
            return block;
        }
        if (memory.rootAcquire() != root) {
            throw RaceLost.INSTANCE;
        }
        throw new DamagedState("an environment cannot be read: cell=" + cell + " version=" + version());
    }

    /** The position of the first entry whose hash is not below. Entries ascend by the hash, taken as unsigned. */
    private int firstOf(int hash) {
        int low = 0;
        int high = image.envCount;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Integer.compareUnsigned((int) (image.envs[middle] >>> 32), hash) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    // ---- devices ---------------------------------------------------------------------------------------------------

    @Override
    public int deviceCount() {
        return image.deviceCount;
    }

    @Override
    public DeviceUse use(int index) {
        if (index >= image.deviceCount) {
            return new DeviceUse(0, 0, 0, -1);
        }
        int at = index * RecordLayout.DEVICE_WORDS;
        long population = image.devices[at + RecordLayout.DEVICE_POPULATION];
        return new DeviceUse(
                (int) (population >>> 32),
                (int) population,
                image.devices[at + RecordLayout.DEVICE_RESERVED],
                image.devices[at + RecordLayout.DEVICE_TOTAL]);
    }

    @Override
    public int population(int index) {
        return index >= image.deviceCount
                ? 0
                : (int) (image.devices[index * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_POPULATION] >>> 32);
    }

    @Override
    public void describe(int index, long totalMemory, int uuidHash) {
        growDevices(index);
        int at = index * RecordLayout.DEVICE_WORDS;
        image.setDeviceWord(at + RecordLayout.DEVICE_TOTAL, totalMemory);
        long word = image.devices[at + RecordLayout.DEVICE_UUID];
        image.setDeviceWord(at + RecordLayout.DEVICE_UUID, (long) uuidHash << 32 | (word & 0xffff_ffffL));
    }

    @Override
    public int uuidHash(int index) {
        return (int) (uuidWord(index) >>> 32);
    }

    private long uuidWord(int index) {
        return index < image.deviceCount
                ? image.devices[index * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_UUID]
                : 0;
    }

    @Override
    public long millisSinceFreed(int index, long now) {
        int stamp = (int) uuidWord(index);
        return stamp == 0 ? Long.MAX_VALUE : (long) ((int) (now >>> STAMP_SHIFT) - stamp) << STAMP_SHIFT;
    }

    @Override
    public void withhold(DeviceSet devices) {
        markFreed(devices);
        dirty = true;
    }

    /** Notes the time for those who wait, if anybody does. */
    private void markFreed(DeviceSet devices) {
        if (image.waiterCount == 0) {
            return;
        }
        long stamp = System.currentTimeMillis() >>> STAMP_SHIFT & 0xffff_ffffL;
        for (int d = devices.next(0); d >= 0 && d < image.deviceCount; d = devices.next(d + 1)) {
            int at = d * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_UUID;
            image.setDeviceWord(at, (image.devices[at] & 0xffff_ffff_0000_0000L) | stamp);
        }
    }

    private void growDevices(int index) {
        int known = image.deviceCount;
        if (index >= known) {
            image.growDevices(index + 1);
            for (int i = known; i <= index; i++) {
                image.setDeviceWord(i * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_TOTAL, -1);
            }
        }
    }

    private void account(EnvBlock block, int sign) {
        long share = EnvBlock.counted(block.gpuMemory());
        long step = (1L << 32 | (share == EnvBlock.WHOLE ? 1 : 0)) * sign;
        for (int i = 0; i < block.attachmentCount(); i++) {
            int index = EnvBlock.index(block.attachment(i));
            growDevices(index);
            int population = index * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_POPULATION;
            image.setDeviceWord(population, image.devices[population] + step);
            if (share != EnvBlock.WHOLE) {
                int reserved = index * RecordLayout.DEVICE_WORDS + RecordLayout.DEVICE_RESERVED;
                image.setDeviceWord(reserved, image.devices[reserved] + share * sign);
            }
        }
    }

    // ---- lock holders ----------------------------------------------------------------------------------------------

    @Override
    public int holderCount() {
        return image.holderCount;
    }

    @Override
    public Holder holder(int position) {
        long pidMode = holderWord(position, RecordLayout.HOLDER_PID_MODE);
        return new Holder(
                holderWord(position, RecordLayout.HOLDER_ID),
                holderWord(position, RecordLayout.HOLDER_ENV),
                (int) holderWord(position, RecordLayout.HOLDER_HASH),
                holderWord(position, RecordLayout.HOLDER_TOKEN),
                pidMode >>> 32,
                (int) pidMode == 0 ? LockMode.EXCLUSIVE : LockMode.SHARE,
                holderWord(position, RecordLayout.HOLDER_MEMORY),
                holderWord(position, RecordLayout.HOLDER_SINCE),
                holderDevices(position));
    }

    private DeviceSet holderDevices(int position) {
        return new DeviceSet(
                holderWord(position, RecordLayout.HOLDER_DEVICES),
                holderWord(position, RecordLayout.HOLDER_DEVICES + 1));
    }

    @Override
    public void addHolder(Holder holder) {
        if (image.holderCount == RecordLayout.MAX_HOLDERS) {
            throw new GenvException("too many device locks are held: limit=" + RecordLayout.MAX_HOLDERS
                    + "; release some, or lock in fewer environments at a time");
        }
        image.roomForHolder();
        writeHolder(image.holderCount++, holder);
        dirty = true;
        grants = true;
    }

    @Override
    public @Nullable Holder findHolder(long id) {
        int position = holderPosition(id);
        return position < 0 ? null : holder(position);
    }

    @Override
    public void replaceHolder(Holder holder) {
        int position = holderPosition(holder.id());
        DeviceSet before = holderDevices(position);
        writeHolder(position, holder);
        dirty = true;
        grants |= !before.containsAll(holder.devices());
        if (!holder.devices().containsAll(before)) {
            markFreed(before.minus(holder.devices()));
            frees = true;
        }
    }

    @Override
    public boolean removeHolder(long id) {
        int position = holderPosition(id);
        if (position < 0) {
            return false;
        }
        removeHolderAt(position);
        return true;
    }

    @Override
    public void removeHolderAt(int position) {
        markFreed(holderDevices(position));
        removeRow(image.holders, position, --image.holderCount, RecordLayout.HOLDER_WORDS);
        dirty = true;
        frees = true;
    }

    private int holderPosition(long id) {
        for (int i = 0; i < image.holderCount; i++) {
            if (holderWord(i, RecordLayout.HOLDER_ID) == id) {
                return i;
            }
        }
        return -1;
    }

    private void writeHolder(int position, Holder holder) {
        int at = position * RecordLayout.HOLDER_WORDS;
        long[] words = image.holders;
        words[at + RecordLayout.HOLDER_ID] = holder.id();
        words[at + RecordLayout.HOLDER_ENV] = holder.env();
        words[at + RecordLayout.HOLDER_TOKEN] = holder.token();
        words[at + RecordLayout.HOLDER_PID_MODE] = holder.pid() << 32 | (holder.mode() == LockMode.SHARE ? 1 : 0);
        words[at + RecordLayout.HOLDER_MEMORY] = holder.memory();
        words[at + RecordLayout.HOLDER_SINCE] = holder.since();
        words[at + RecordLayout.HOLDER_DEVICES] = holder.devices().low();
        words[at + RecordLayout.HOLDER_DEVICES + 1] = holder.devices().high();
        words[at + RecordLayout.HOLDER_HASH] = holder.hash();
        words[at + RecordLayout.HOLDER_HASH + 1] = 0;
    }

    private long holderWord(int position, int word) {
        return image.holders[position * RecordLayout.HOLDER_WORDS + word];
    }

    // ---- the queue -------------------------------------------------------------------------------------------------

    @Override
    public int waiterCount() {
        return image.waiterCount;
    }

    @Override
    public QueuedRequest waiter(int position) {
        int at = position * RecordLayout.WAITER_WORDS;
        long[] words = image.waiters;
        int length = (int) words[at + RecordLayout.WAITER_UID_EID_LENGTH];
        if (length < 0 || length > RecordLayout.MAX_EID) {
            throw new DamagedState("a waiting request cannot be read: position=" + position + " version=" + version());
        }
        byte[] eid = new byte[length];
        for (int i = 0; i < length; i++) {
            eid[i] = (byte) (words[at + RecordLayout.WAITER_EID + (i >>> 3)] >>> ((i & 7) << 3));
        }
        return new QueuedRequest(
                words[at + RecordLayout.WAITER_TICKET],
                new QueuedRequest.By(
                        words[at + RecordLayout.WAITER_TOKEN],
                        words[at + RecordLayout.WAITER_PID_KIND] >>> 32,
                        words[at + RecordLayout.WAITER_ENV],
                        new String(eid, StandardCharsets.UTF_8),
                        waiterUid(position)),
                waiterKind(position),
                words[at + RecordLayout.WAITER_SINCE],
                waiterDevices(position),
                waiterCount(position),
                waiterShare(position));
    }

    @Override
    public QueuedRequest.Kind waiterKind(int position) {
        return switch ((int) waiterWord(position, RecordLayout.WAITER_PID_KIND)) {
            case 0 -> QueuedRequest.Kind.DEVICES;
            case 1 -> QueuedRequest.Kind.EXCLUSIVE_LOCK;
            default -> QueuedRequest.Kind.SHARED_LOCK;
        };
    }

    @Override
    public DeviceSet waiterDevices(int position) {
        return new DeviceSet(
                waiterWord(position, RecordLayout.WAITER_DEVICES),
                waiterWord(position, RecordLayout.WAITER_DEVICES + 1));
    }

    @Override
    public long waiterTicket(int position) {
        return waiterWord(position, RecordLayout.WAITER_TICKET);
    }

    @Override
    public long waiterSince(int position) {
        return waiterWord(position, RecordLayout.WAITER_SINCE);
    }

    @Override
    public int waiterCount(int position) {
        return (int) waiterWord(position, RecordLayout.WAITER_ASKED_COUNT);
    }

    @Override
    public long waiterShare(int position) {
        return waiterWord(position, RecordLayout.WAITER_SHARE);
    }

    @Override
    public long waiterToken(int position) {
        return waiterWord(position, RecordLayout.WAITER_TOKEN);
    }

    @Override
    public long waiterUid(int position) {
        return waiterWord(position, RecordLayout.WAITER_UID_EID_LENGTH) >>> 32;
    }

    @Override
    public long millisSinceAsked(int position, long now) {
        int stamp = (int) (waiterWord(position, RecordLayout.WAITER_ASKED_COUNT) >>> 32);
        return stamp == 0 ? -1 : (long) ((int) (now >>> STAMP_SHIFT) - stamp) << STAMP_SHIFT;
    }

    @Override
    public void askWaiter(int position, long now) {
        int at = position * RecordLayout.WAITER_WORDS + RecordLayout.WAITER_ASKED_COUNT;
        image.waiters[at] = now >>> STAMP_SHIFT << 32 | (image.waiters[at] & 0xffff_ffffL);
        dirty = true;
    }

    @Override
    public void enqueue(QueuedRequest request) {
        int at = 0;
        while (at < image.waiterCount && waiterTicket(at) < request.ticket()) {
            at++;
        }
        if (at == image.waiterCount || waiterTicket(at) != request.ticket()) {
            if (image.waiterCount == RecordLayout.MAX_WAITERS) {
                throw new GenvException("too many requests wait: limit=" + RecordLayout.MAX_WAITERS
                        + "; ask again later, or wait in fewer processes at a time");
            }
            image.roomForWaiter();
            int words = RecordLayout.WAITER_WORDS;
            System.arraycopy(
                    image.waiters, at * words, image.waiters, (at + 1) * words, (image.waiterCount - at) * words);
            image.waiterCount++;
        } else if (waiterDevices(at).isEmpty() && !request.devices().isEmpty()) {
            frees = true; // no limit holds it up any more, nor those of its user behind it
        } else if (!request.devices().containsAll(waiterDevices(at))) {
            markFreed(waiterDevices(at).minus(request.devices()));
            movesUp = true;
        }
        writeWaiter(at, request);
        dirty = true;
    }

    @Override
    public boolean isQueued(QueuedRequest request) {
        for (int i = 0; i < image.waiterCount; i++) {
            if (waiterTicket(i) == request.ticket()) {
                return waiterDevices(i).equals(request.devices())
                        && waiterWord(i, RecordLayout.WAITER_ASKED_COUNT) == request.count()
                        && waiterShare(i) == request.share();
            }
        }
        return false;
    }

    @Override
    public boolean dequeue(long ticket) {
        for (int i = 0; i < image.waiterCount; i++) {
            if (waiterTicket(i) == ticket) {
                removeWaiterAt(i);
                return true;
            }
        }
        return false;
    }

    @Override
    public void removeWaiterAt(int position) {
        DeviceSet devices = waiterDevices(position);
        int words = RecordLayout.WAITER_WORDS;
        int rest = image.waiterCount - position - 1;
        System.arraycopy(image.waiters, (position + 1) * words, image.waiters, position * words, rest * words);
        image.waiterCount--;
        markFreed(devices);
        dirty = true;
        movesUp = true;
    }

    /** Those who may be served now that something was freed, each as its token and its ticket. */
    long[] toWake() {
        return frees || movesUp ? firstInLine(0, !frees, shrinks) : NOBODY;
    }

    @Override
    public long[] ticketsToCall(long token) {
        long[] pairs = firstInLine(token, false, true);
        long[] tickets = new long[pairs.length / 2];
        for (int i = 0; i < tickets.length; i++) {
            tickets[i] = pairs[2 * i + 1];
        }
        return tickets;
    }

    @Override
    public boolean isFirstInLine(long ticket) {
        int at = 0;
        while (at < image.waiterCount && waiterTicket(at) != ticket) {
            at++;
        }
        if (at == image.waiterCount) {
            return false;
        }
        DeviceSet wanted = waiterDevices(at);
        boolean forDevices = waiterKind(at) == QueuedRequest.Kind.DEVICES;
        for (int i = 0; i < at; i++) {
            if (forDevices == (waiterKind(i) == QueuedRequest.Kind.DEVICES)
                    && waiterDevices(i).intersects(wanted)) {
                return false;
            }
        }
        return true;
    }

    /**
     * The first in line for each device, as token and ticket; of one token, or of all if that is 0.
     *
     * @param passLocked whether to leave out those who wait for a lock that somebody holds
     * @param withOutdated whether to add those who would ask for something else by now, wherever they stand
     */
    private long[] firstInLine(long token, boolean passLocked, boolean withOutdated) {
        if (image.waiterCount == 0) {
            return NOBODY;
        }
        long[] pairs = new long[2 * image.waiterCount];
        int used = 0;
        DeviceSet lockLine = DeviceSet.EMPTY;
        DeviceSet deviceLine = DeviceSet.EMPTY;
        for (int i = 0; i < image.waiterCount; i++) {
            boolean forDevices = waiterKind(i) == QueuedRequest.Kind.DEVICES;
            DeviceSet line = forDevices ? deviceLine : lockLine;
            DeviceSet wanted = waiterDevices(i);
            boolean isFirst =
                    !line.intersects(wanted) && (forDevices || !passLocked || !isLocked(wanted, waiterShare(i)));
            if ((token == 0 || waiterToken(i) == token) && (isFirst || (withOutdated && isOutdated(i)))) {
                pairs[used++] = waiterToken(i);
                pairs[used++] = waiterTicket(i);
            }
            if (forDevices) {
                deviceLine = line.union(wanted);
            } else {
                lockLine = line.union(wanted);
            }
        }
        return Arrays.copyOf(pairs, used);
    }

    /** Whether a request waits for a lock on what its environment had once, and not for what that has now. */
    private boolean isOutdated(int position) {
        QueuedRequest.Kind kind = waiterKind(position);
        if (kind == QueuedRequest.Kind.DEVICES) {
            return false;
        }
        int hash = EidHash.of(waiter(position).eid());
        EnvBlock block = find(hash, waiterWord(position, RecordLayout.WAITER_ENV));
        return block != null
                && (!block.devices().equals(waiterDevices(position))
                        || (kind == QueuedRequest.Kind.SHARED_LOCK && block.gpuMemory() != waiterShare(position)));
    }

    /** Whether somebody holds a lock beside which there can be no other one, whatever has room. */
    private boolean isLocked(DeviceSet devices, long share) {
        for (int i = 0; i < image.holderCount; i++) {
            if ((share == EnvBlock.WHOLE || holderWord(i, RecordLayout.HOLDER_MEMORY) == EnvBlock.WHOLE)
                    && holderDevices(i).intersects(devices)) {
                return true;
            }
        }
        return false;
    }

    private static final long[] NOBODY = {};

    private void writeWaiter(int position, QueuedRequest request) {
        int at = position * RecordLayout.WAITER_WORDS;
        long[] words = image.waiters;
        Arrays.fill(words, at, at + RecordLayout.WAITER_WORDS, 0);
        words[at + RecordLayout.WAITER_TICKET] = request.ticket();
        words[at + RecordLayout.WAITER_TOKEN] = request.token();
        words[at + RecordLayout.WAITER_ENV] = request.by().env();
        words[at + RecordLayout.WAITER_PID_KIND] =
                request.pid() << 32 | request.kind().code();
        words[at + RecordLayout.WAITER_SINCE] = request.since();
        words[at + RecordLayout.WAITER_DEVICES] = request.devices().low();
        words[at + RecordLayout.WAITER_DEVICES + 1] = request.devices().high();
        byte[] eid = request.eid().getBytes(StandardCharsets.UTF_8);
        words[at + RecordLayout.WAITER_ASKED_COUNT] = request.count();
        words[at + RecordLayout.WAITER_SHARE] = request.share();
        words[at + RecordLayout.WAITER_UID_EID_LENGTH] = request.by().uid() << 32 | eid.length;
        for (int i = 0; i < eid.length; i++) {
            words[at + RecordLayout.WAITER_EID + (i >>> 3)] |= (eid[i] & 0xffL) << ((i & 7) << 3);
        }
    }

    private long waiterWord(int position, int word) {
        return image.waiters[position * RecordLayout.WAITER_WORDS + word];
    }

    private static void removeRow(long[] words, int position, int last, int rowWords) {
        if (position != last) {
            System.arraycopy(words, last * rowWords, words, position * rowWords, rowWords);
        }
    }
}
