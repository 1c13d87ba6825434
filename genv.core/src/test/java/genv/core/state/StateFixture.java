// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import genv.api.EnvConfig;
import genv.api.LockMode;
import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.layout.CellLayout;
import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.model.Member;
import genv.core.model.QueuedRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A mapped state without the rest of a host: processes are played by objects with tokens of their own, and die when they are
 * {@link #bury buried}.
 */
public final class StateFixture implements AutoCloseable {
    /** The token of the process that the helpers below act for. */
    static final long SELF = 1;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private final Set<Long> dead = ConcurrentHashMap.newKeySet();
    final StateMemory memory;

    public StateFixture(Path directory) {
        try (FileChannel channel = FileChannel.open(
                directory.resolve("state"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, FileLayout.FILE_SIZE, arena);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        memory = new StateMemory(segment);
        Transitions.initialise(memory, 1);
    }

    /** An environment that must be there. */
    public static EnvBlock found(Draft draft, String eid) {
        return Objects.requireNonNull(draft.find(eid), eid);
    }

    public Transitions process(long token) {
        return process(token, (sleeper, ticket) -> {});
    }

    Transitions process(long token, Transitions.Wake wake) {
        return process(token, () -> true, (offset, length) -> {}, wake);
    }

    Transitions process(long token, BooleanSupplier intact, Transitions.Backing backing, Transitions.Wake wake) {
        return process(
                token,
                new Transitions.Surroundings("test", began -> intact.getAsBoolean(), backing, wake, notes -> {}));
    }

    public Transitions noting(long token, Consumer<List<Note>> noted) {
        return process(
                token,
                new Transitions.Surroundings(
                        "test", began -> true, (offset, length) -> {}, (sleeper, ticket) -> {}, noted));
    }

    /** A process that sees the state through a memory of the test's own, which may come between two accesses. */
    Transitions seeing(long token, Function<MemorySegment, StateMemory> through) {
        return new Transitions(
                through.apply(segment),
                token,
                this::isAlive,
                new Transitions.Surroundings(
                        "test", began -> true, (offset, length) -> {}, (sleeper, ticket) -> {}, notes -> {}));
    }

    /** The cells as a process sees them that has read none yet. */
    Cells cells(Function<MemorySegment, StateMemory> through) {
        StateMemory seen = through.apply(segment);
        return new Cells(seen, new Claims(seen, FileLayout.CELL_CLAIM_OFFSET, FileLayout.CELL_CLAIM_STRIDE, 1, 1));
    }

    private Transitions process(long token, Transitions.Surroundings surroundings) {
        return new Transitions(memory, token, this::isAlive, surroundings);
    }

    public boolean isAlive(long token) {
        return !dead.contains(token);
    }

    /** From now on the process of that token is dead. */
    public void bury(long token) {
        dead.add(token);
    }

    long word(long offset) {
        return segment.get(JAVA_LONG, offset);
    }

    void word(long offset, long value) {
        segment.set(JAVA_LONG, offset, value);
    }

    long root() {
        return memory.rootAcquire();
    }

    long recordClaim(int record) {
        return word(FileLayout.RECORD_CLAIM_OFFSET + record * FileLayout.RECORD_CLAIM_STRIDE);
    }

    long cellClaim(int cell) {
        return word(FileLayout.CELL_CLAIM_OFFSET + cell * FileLayout.CELL_CLAIM_STRIDE);
    }

    void recordClaim(int record, long word) {
        word(FileLayout.RECORD_CLAIM_OFFSET + record * FileLayout.RECORD_CLAIM_STRIDE, word);
    }

    void cellClaim(int cell, long word) {
        word(FileLayout.CELL_CLAIM_OFFSET + cell * FileLayout.CELL_CLAIM_STRIDE, word);
    }

    /** The cells to which the current state refers, found by reading the words alone. */
    BitSet referencedCells() {
        BitSet cells = new BitSet();
        long record = FileLayout.recordAt(RootWord.record(root()));
        int envs = (int) word(record + RecordLayout.COUNTS_A_OFFSET);
        for (int i = 0; i < envs; i++) {
            int cell = (int) word(record + RecordLayout.ENV_OFFSET + i * 8L);
            for (; cell != 0; cell = (int) (word(FileLayout.cellAt(cell) + CellLayout.LINK_OFFSET) >>> 32)) {
                if (cells.get(cell)) {
                    throw new AssertionError("a cell is referred to twice: cell=" + cell);
                }
                cells.set(cell);
            }
        }
        return cells;
    }

    /**
     * Requires that nothing has leaked: every cell is free or referred to, every record free or published or claimable.
     *
     * @throws AssertionError if there is a claim that nobody will ever give back
     */
    void requireNoLeak() {
        BitSet referenced = referencedCells();
        long version = RootWord.version(root());
        for (int cell = 1; cell < FileLayout.CELLS; cell++) {
            long word = cellClaim(cell);
            boolean right = referenced.get(cell)
                    ? ClaimWord.isLive(word) && ClaimWord.version(word) <= version
                    : ClaimWord.isFree(word);
            if (!right) {
                throw new AssertionError("cell=" + cell + " claim=" + describe(word) + " referenced="
                        + referenced.get(cell) + " version=" + version);
            }
        }
        int current = RootWord.record(root());
        if (recordClaim(current) != ClaimWord.live(version)) {
            throw new AssertionError(
                    "current record=" + current + " claim=" + describe(recordClaim(current)) + " version=" + version);
        }
        for (int record = 0; record < FileLayout.RECORDS; record++) {
            long word = recordClaim(record);
            boolean claimable =
                    ClaimWord.isOwned(word) ? dead.contains(ClaimWord.token(word)) : ClaimWord.version(word) <= version;
            if (!claimable) {
                throw new AssertionError("record=" + record + " claim=" + describe(word) + " version=" + version);
            }
        }
    }

    static String describe(long claim) {
        if (ClaimWord.isOwned(claim)) {
            return "OWNED(" + ClaimWord.token(claim) + ")";
        }
        return (ClaimWord.isLive(claim) ? "LIVE(" : "FREE(") + ClaimWord.version(claim) + ")";
    }

    /**
     * What is true of every state at every moment, asked of a draft from within a transition.
     *
     * @throws AssertionError if it is not
     */
    static void requireConsistent(Draft draft) {
        int[] population = new int[128];
        int[] whole = new int[128];
        long[] reserved = new long[128];
        int before = 0;
        TreeMap<Long, EnvBlock> byId = new TreeMap<>();
        for (int i = 0; i < draft.envCount(); i++) {
            EnvBlock block = draft.env(i);
            require(i == 0 || Integer.compareUnsigned(before, block.hash()) <= 0, "environments are out of order");
            before = block.hash();
            require(byId.put(block.id(), block) == null, "an environment is there twice: id=" + block.id());
            for (int k = 0; k < block.attachmentCount(); k++) {
                int index = EnvBlock.index(block.attachment(k));
                population[index]++;
                if (block.gpuMemory() == EnvBlock.WHOLE) {
                    whole[index]++;
                } else {
                    reserved[index] += block.gpuMemory();
                }
            }
        }
        for (int d = 0; d < 128; d++) {
            require(draft.use(d).population() == population[d], "population of device " + d);
            require(draft.use(d).whole() == whole[d], "whole attachments of device " + d);
            require(draft.use(d).reserved() == reserved[d], "reserved memory of device " + d);
        }
        DeviceSet exclusive = DeviceSet.EMPTY;
        DeviceSet any = DeviceSet.EMPTY;
        for (int i = 0; i < draft.holderCount(); i++) {
            Holder holder = draft.holder(i);
            require(byId.containsKey(holder.env()), "a lock of an environment that has ended: env=" + holder.env());
            require(!exclusive.intersects(holder.devices()), "a device is locked twice: " + holder);
            require(
                    holder.mode() == LockMode.SHARE || !any.intersects(holder.devices()),
                    "a device is locked exclusively and otherwise: " + holder);
            any = any.union(holder.devices());
            exclusive = holder.mode() == LockMode.EXCLUSIVE ? exclusive.union(holder.devices()) : exclusive;
        }
        for (int i = 1; i < draft.waiterCount(); i++) {
            require(draft.waiterTicket(i - 1) < draft.waiterTicket(i), "the queue is out of order");
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    public static EnvBlock env(Draft draft, String eid, long token) {
        return EnvBlock.create(
                draft.nextVersion(),
                eid,
                new EnvBlock.Owner(1000, "somebody"),
                1_700_000_000_000L,
                EnvConfig.empty(),
                Member.seated(token, 4242, 1));
    }

    /** Publishes an environment of {@link #SELF}. */
    static EnvBlock put(Transitions process, String eid, DeviceSet devices) {
        return process.transact(draft -> {
            EnvBlock block = env(draft, eid, SELF).withDevices(devices, false, 1);
            draft.put(block);
            return block;
        });
    }

    static Holder holder(long id, EnvBlock block, DeviceSet devices) {
        return new Holder(
                id,
                block.id(),
                block.hash(),
                SELF,
                1,
                LockMode.EXCLUSIVE,
                EnvBlock.share(EnvConfig.empty()),
                1,
                devices);
    }

    static QueuedRequest request(long ticket, EnvBlock block, DeviceSet devices) {
        return request(ticket, block, devices, SELF, QueuedRequest.Kind.DEVICES);
    }

    static QueuedRequest request(long ticket, EnvBlock block, DeviceSet devices, long token, QueuedRequest.Kind kind) {
        return new QueuedRequest(
                ticket,
                new QueuedRequest.By(token, 1, block.id(), block.eid(), 1),
                kind,
                1,
                devices,
                devices.size(),
                EnvBlock.WHOLE);
    }

    @Override
    public void close() {
        arena.close();
    }
}
