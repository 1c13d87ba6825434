// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.MemorySize;
import genv.api.spi.Device;
import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The draft of an operation on Genv's files. What of a device is reserved is what its attachments say, which need not be what
 * the environments are configured to: Genv does not resize.
 *
 * <p>Lock holders are those of this process, whose locks are not in the files; nobody ever waits.
 */
public final class JsonDraft implements Draft {
    private static final DeviceUse UNKNOWN = new DeviceUse(0, 0, 0, -1);

    private final JsonState state;
    private final long root;
    private final long fresh;
    private final Supplier<List<Device>> hostDevices;
    private final List<EnvEntry> envs;
    private final List<DeviceEntry> devices;
    private final List<Holder> holdersBefore;
    private final List<Holder> holders;
    private final List<Note> notes = new ArrayList<>();

    /** The identifiers of environments whose attachments are to be what is configured, once they are put. */
    private final Set<String> resizing = new HashSet<>();

    private boolean envsChanged;
    private boolean devicesChanged;
    private boolean releases;
    private boolean grants;

    /**
     * A draft of a state.
     *
     * @param root the number that tells this state from others
     * @param holders the locks of this process
     * @param hostDevices all devices of the host, asked for when one is attached that the file does not have
     */
    JsonDraft(JsonState state, long root, EnvIds ids, List<Holder> holders, Supplier<List<Device>> hostDevices) {
        this.state = state;
        this.root = root;
        this.fresh = ids.next();
        this.hostDevices = hostDevices;
        this.envs = new ArrayList<>(state.envs());
        this.devices = new ArrayList<>(state.devices());
        this.holdersBefore = List.copyOf(holders);
        this.holders = new ArrayList<>(holders);
        this.devicesChanged = state.orphaned();
    }

    /** A draft that is only read, of a state that is in no file: that of a container. */
    public static JsonDraft of(Optional<EnvBlock> env, long root, List<Holder> holders) {
        List<EnvEntry> envs =
                env.map(block -> new EnvEntry(Map.of(), block)).stream().toList();
        JsonState state = new JsonState(Map.of(), Map.of(), envs, List.of(), false);
        return new JsonDraft(state, root, new EnvIds(), holders, List::of);
    }

    // ---- what became of it, for the store --------------------------------------------------------------------------

    /** The new content of {@code envs.json}, or null if it is to stay. */
    byte @Nullable [] printEnvs() {
        return envsChanged ? state.printEnvs(envs) : null;
    }

    /** The new content of {@code devices.json}, or null if it is to stay. */
    byte @Nullable [] printDevices() {
        return devicesChanged ? state.printDevices(devices) : null;
    }

    /**
     * Whether something that is attached becomes less or goes. Then {@code envs.json} is written first, otherwise {@code
     * devices.json}: so who is killed between the two leaves more reserved than anybody believes to have, never less.
     */
    boolean releases() {
        return releases;
    }

    /** Whether somebody has more of a device than before. */
    public boolean grants() {
        return grants;
    }

    /** The locks of this process as they were when it was made. */
    public List<Holder> holdersBefore() {
        return holdersBefore;
    }

    /** The environments as they are now. */
    public List<EnvBlock> blocks() {
        return envs.stream().map(EnvEntry::block).toList();
    }

    /** What the edit has come upon. */
    public List<Note> notes() {
        return List.copyOf(notes);
    }

    @Override
    public void note(Note note) {
        notes.add(note);
    }

    // ---- environments ----------------------------------------------------------------------------------------------

    @Override
    public long root() {
        return root;
    }

    @Override
    public long version() {
        return fresh - 1;
    }

    @Override
    public int envCount() {
        return envs.size();
    }

    @Override
    public EnvBlock env(int position) {
        return envs.get(position).block();
    }

    @Override
    public @Nullable EnvBlock find(String eid) {
        int at = positionOf(eid);
        return at < 0 ? null : envs.get(at).block();
    }

    private int positionOf(String eid) {
        int hash = EidHash.of(eid);
        for (int i = 0; i < envs.size(); i++) {
            EnvBlock block = envs.get(i).block();
            if (block.hash() == hash && block.eid().equals(eid)) {
                return i;
            }
        }
        return -1;
    }

    @Override
    public @Nullable EnvBlock find(int hash, long id) {
        for (EnvEntry entry : envs) {
            if (entry.block().id() == id && entry.block().hash() == hash) {
                return entry.block();
            }
        }
        return null;
    }

    @Override
    public void resizing(EnvBlock block) {
        resizing.add(block.eid());
    }

    @Override
    public void put(EnvBlock block) {
        int at = positionOf(block.eid());
        if (at < 0) {
            envs.add(new EnvEntry(Map.of(), block));
            envsChanged = true;
            attach(block, block.devices());
            return;
        }
        EnvEntry old = envs.get(at);
        if (block == old.block()) {
            return;
        }
        envs.set(at, old.with(block));
        envsChanged |= !old.saysTheSame(block);
        detach(block.eid(), old.block().devices().minus(block.devices()));
        if (resizing.remove(block.eid())) {
            resize(block, old.block().devices().intersect(block.devices()));
        }
        attach(block, block.devices().minus(old.block().devices()));
    }

    @Override
    public void remove(EnvBlock block) {
        int at = positionOf(block.eid());
        if (at < 0) {
            return;
        }
        envs.remove(at);
        envsChanged = true;
        releases = true;
        detach(block.eid(), block.devices());
        holders.removeIf(holder -> holder.env() == block.id());
    }

    // ---- devices ---------------------------------------------------------------------------------------------------

    private void attach(EnvBlock block, DeviceSet added) {
        for (int i = 0; i < block.attachmentCount(); i++) {
            long attachment = block.attachment(i);
            int index = EnvBlock.index(attachment);
            if (added.contains(index)) {
                int at = rowOf(index);
                DeviceEntry device = devices.get(at);
                List<DeviceEntry.Attachment> all = new ArrayList<>(device.attachments());
                all.add(new DeviceEntry.Attachment(
                        Map.of(), block.eid(), block.gpuMemory(), EnvBlock.since(attachment)));
                devices.set(at, device.with(all));
                devicesChanged = true;
                grants = true;
            }
        }
    }

    private void detach(String eid, DeviceSet removed) {
        for (int index = removed.next(0); index >= 0; index = removed.next(index + 1)) {
            int at = rowOf(index);
            DeviceEntry device = devices.get(at);
            devices.set(
                    at,
                    device.with(device.attachments().stream()
                            .filter(attachment -> !attachment.eid().equals(eid))
                            .toList()));
            devicesChanged = true;
            releases = true;
        }
    }

    private void resize(EnvBlock block, DeviceSet kept) {
        for (int index = kept.next(0); index >= 0; index = kept.next(index + 1)) {
            long before = share(block, index);
            if (before == block.gpuMemory()) {
                continue;
            }
            int at = rowOf(index);
            DeviceEntry device = devices.get(at);
            releases |= isLess(block.gpuMemory(), before);
            grants |= isLess(before, block.gpuMemory());
            devices.set(
                    at,
                    device.with(device.attachments().stream()
                            .map(attachment -> attachment.eid().equals(block.eid())
                                    ? attachment.withShare(block.gpuMemory())
                                    : attachment)
                            .toList()));
            devicesChanged = true;
        }
    }

    private static boolean isLess(long share, long than) {
        return share != EnvBlock.WHOLE && (than == EnvBlock.WHOLE || share < than);
    }

    @Override
    public long share(EnvBlock block, int index) {
        int at = findRow(index);
        return at < 0
                ? block.gpuMemory()
                : devices.get(at).attachments().stream()
                        .filter(attachment -> attachment.eid().equals(block.eid()))
                        .mapToLong(DeviceEntry.Attachment::share)
                        .findFirst()
                        .orElse(block.gpuMemory());
    }

    @Override
    public int deviceCount() {
        long count = 0;
        for (DeviceEntry device : devices) {
            count = Math.max(count, device.index() + 1);
        }
        return (int) Math.min(count, RecordLayout.MAX_DEVICES);
    }

    @Override
    public DeviceUse use(int index) {
        int at = findRow(index);
        return at < 0 ? UNKNOWN : devices.get(at).use();
    }

    /** Genv lists all devices of the host: with the first one that is missing all that are missing are written. */
    @Override
    public void describe(int index, long totalMemory, int uuidHash) {
        if (findRow(index) >= 0) {
            return;
        }
        for (Device device : hostDevices.get()) {
            insert(device.index(), device.totalMemory().map(MemorySize::bytes).orElse(-1L));
        }
        insert(index, totalMemory);
    }

    private void insert(int index, long total) {
        if (findRow(index) >= 0) {
            return;
        }
        int at = 0;
        while (at < devices.size() && devices.get(at).index() < index) {
            at++;
        }
        devices.add(at, DeviceEntry.create(index, total));
        devicesChanged = true;
    }

    /** The files know no UUIDs. */
    @Override
    public int uuidHash(int index) {
        return 0;
    }

    @Override
    public void withhold(DeviceSet devices) {}

    @Override
    public long millisSinceFreed(int index, long now) {
        return Long.MAX_VALUE;
    }

    private int findRow(int index) {
        for (int i = 0; i < devices.size(); i++) {
            if (devices.get(i).index() == index) {
                return i;
            }
        }
        return -1;
    }

    private int rowOf(int index) {
        int at = findRow(index);
        if (at < 0) {
            throw new IllegalStateException("a device was not described before it was attached: index=" + index);
        }
        return at;
    }

    // ---- lock holders ----------------------------------------------------------------------------------------------

    @Override
    public int holderCount() {
        return holders.size();
    }

    @Override
    public Holder holder(int position) {
        return holders.get(position);
    }

    @Override
    public void addHolder(Holder holder) {
        throw new UnsupportedOperationException("locks are taken on files, not in the state");
    }

    @Override
    public @Nullable Holder findHolder(long id) {
        int at = holderAt(id);
        return at < 0 ? null : holders.get(at);
    }

    @Override
    public void replaceHolder(Holder holder) {
        holders.set(holderAt(holder.id()), holder);
    }

    @Override
    public boolean removeHolder(long id) {
        int at = holderAt(id);
        if (at >= 0) {
            holders.remove(at);
        }
        return at >= 0;
    }

    @Override
    public void removeHolderAt(int position) {
        holders.remove(position);
    }

    private int holderAt(long id) {
        for (int i = 0; i < holders.size(); i++) {
            if (holders.get(i).id() == id) {
                return i;
            }
        }
        return -1;
    }

    // ---- the queue, which there is none of -------------------------------------------------------------------------

    @Override
    public int waiterCount() {
        return 0;
    }

    @Override
    public QueuedRequest waiter(int position) {
        throw noQueue();
    }

    @Override
    public QueuedRequest.Kind waiterKind(int position) {
        throw noQueue();
    }

    @Override
    public DeviceSet waiterDevices(int position) {
        throw noQueue();
    }

    @Override
    public long waiterTicket(int position) {
        throw noQueue();
    }

    @Override
    public long waiterSince(int position) {
        throw noQueue();
    }

    @Override
    public int waiterCount(int position) {
        throw noQueue();
    }

    @Override
    public long waiterShare(int position) {
        throw noQueue();
    }

    @Override
    public long waiterToken(int position) {
        throw noQueue();
    }

    @Override
    public long waiterUid(int position) {
        throw noQueue();
    }

    @Override
    public long millisSinceAsked(int position, long now) {
        throw noQueue();
    }

    @Override
    public void askWaiter(int position, long now) {
        throw noQueue();
    }

    @Override
    public void enqueue(QueuedRequest request) {
        throw noQueue();
    }

    @Override
    public boolean isQueued(QueuedRequest request) {
        return false;
    }

    @Override
    public boolean dequeue(long ticket) {
        return false;
    }

    @Override
    public void removeWaiterAt(int position) {
        throw noQueue();
    }

    @Override
    public boolean isFirstInLine(long ticket) {
        return false;
    }

    @Override
    public long[] ticketsToCall(long token) {
        return new long[0];
    }

    private static IllegalStateException noQueue() {
        return new IllegalStateException("Genv's files have no queue");
    }
}
