// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The mapped file of a {@link Referee}.
 *
 * <pre>
 *        0  magic
 *        8  devices
 *       16  capacity of each device
 *       24  holders
 *       32  number of violations
 *       64  violations: 64 times a length word, written last, and 504 bytes of text
 *    32832  fate and end, two words for each holder from 0 on
 *     then  entries: 64 words for each device
 * </pre>
 *
 * <p>An entry is {@code holder << 44 | turn << 32 | amount}; without a holder it is free. The turn changes with each
 * use, so that two equal readings of all entries of a device show what was held at one instant between them.
 */
final class RefereeFile implements AutoCloseable {
    static final long ALIVE = 0;
    static final long DOOMED = 1;
    static final long DEAD = 2;

    private static final long MAGIC = 0x6765_6e76_7265_6632L;
    private static final long DEVICES = 8;
    private static final long CAPACITY = 16;
    private static final long HOLDERS = 24;
    private static final long VIOLATIONS = 32;
    private static final long RECORDS = 64;
    private static final int RECORD = 512;
    private static final int RECORD_COUNT = 64;
    private static final long FATES = RECORDS + RECORD_COUNT * RECORD;
    private static final long FATE_SIZE = 16;
    private static final int ENTRIES = 64;
    private static final int MOST_HOLDERS = (1 << 20) - 1;
    private static final long MOST_CAPACITY = 0xFFFF_FFFFL;

    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

    /**
     * @param holder who has it
     * @param turn tells it from an earlier one in the same place
     */
    record Entry(int holder, int turn, long amount) {}

    private final Arena arena;
    private final MemorySegment memory;
    private final int devices;
    private final long capacity;
    private final int holders;

    private RefereeFile(Arena arena, MemorySegment memory) {
        this.arena = arena;
        this.memory = memory;
        this.devices = (int) get(DEVICES);
        this.capacity = get(CAPACITY);
        this.holders = (int) get(HOLDERS);
    }

    static RefereeFile create(Path path, int devices, long capacity, int holders) throws IOException {
        if (devices < 1 || capacity < 1 || capacity > MOST_CAPACITY || holders < 1 || holders > MOST_HOLDERS) {
            throw new IllegalArgumentException(
                    "bad referee: devices=" + devices + ", capacity=" + capacity + ", holders=" + holders);
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, CREATE_NEW, READ, WRITE)) {
            MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, size(devices, holders), arena);
            WORD.set(memory, DEVICES, (long) devices);
            WORD.set(memory, CAPACITY, capacity);
            WORD.set(memory, HOLDERS, (long) holders);
            WORD.setRelease(memory, 0L, MAGIC);
            return new RefereeFile(arena, memory);
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    static RefereeFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, READ, WRITE)) {
            MemorySegment memory = channel.map(MapMode.READ_WRITE, 0, channel.size(), arena);
            if (memory.byteSize() < FATES || (long) WORD.getAcquire(memory, 0L) != MAGIC) {
                throw new IOException("not a file of a referee: file=" + path);
            }
            return new RefereeFile(arena, memory);
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    private static long size(int devices, int holders) {
        return FATES + FATE_SIZE * (holders + 1) + 8L * ENTRIES * devices;
    }

    int devices() {
        return devices;
    }

    long capacity() {
        return capacity;
    }

    long fate(int holder) {
        return get(fateOffset(holder));
    }

    void setFate(int holder, long fate) {
        WORD.setVolatile(memory, fateOffset(holder), fate);
    }

    /** Until when a holder has what it has, 0 for without an end. */
    long end(int holder) {
        return get(fateOffset(holder) + 8);
    }

    void setEnd(int holder, long end) {
        WORD.setVolatile(memory, fateOffset(holder) + 8, end);
    }

    void enter(int device, int holder, long amount) {
        for (int i = 0; i < ENTRIES; i++) {
            long offset = entryOffset(device, i);
            long word = get(offset);
            long turn = ((word >>> 32) + 1) & 0xFFF;
            if (holderOf(word) == 0
                    && WORD.compareAndSet(memory, offset, word, (long) holder << 44 | turn << 32 | amount)) {
                return;
            }
        }
        throw new IllegalStateException("referee has no entry left: device=" + device + ", entries=" + ENTRIES);
    }

    /** {@return whether the holder had an entry} */
    boolean leave(int device, int holder) {
        boolean found = false;
        for (int i = 0; i < ENTRIES; i++) {
            long offset = entryOffset(device, i);
            long word = get(offset);
            if (holderOf(word) == holder) {
                found |= WORD.compareAndSet(memory, offset, word, word & 0xFFF_0000_0000L);
            }
        }
        return found;
    }

    /** {@return what was held at one instant during this call} */
    List<Entry> entries(int device) {
        long[] words = read(device);
        for (long[] before = {}; !Arrays.equals(before, words); ) {
            before = words;
            words = read(device);
        }
        List<Entry> entries = new ArrayList<>();
        for (long word : words) {
            if (holderOf(word) != 0) {
                entries.add(new Entry(holderOf(word), (int) (word >>> 32) & 0xFFF, word & 0xFFFF_FFFFL));
            }
        }
        return entries;
    }

    void record(String text) {
        long number = (long) WORD.getAndAdd(memory, VIOLATIONS, 1L);
        if (number < RECORD_COUNT) {
            long offset = RECORDS + number * RECORD;
            byte[] bytes = text.getBytes(UTF_8);
            int length = Math.min(bytes.length, RECORD - 8);
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, offset + 8, length);
            WORD.setRelease(memory, offset, (long) length);
        }
    }

    long violationCount() {
        return get(VIOLATIONS);
    }

    List<String> violations() {
        List<String> texts = new ArrayList<>();
        long number = Math.min(violationCount(), RECORD_COUNT);
        for (int i = 0; i < number; i++) {
            long offset = RECORDS + (long) i * RECORD;
            int length = (int) get(offset);
            byte[] bytes = new byte[length];
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset + 8, bytes, 0, length);
            texts.add(length == 0 ? "violation of which the words were not written" : new String(bytes, UTF_8));
        }
        return texts;
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private long[] read(int device) {
        long[] words = new long[ENTRIES];
        for (int i = 0; i < ENTRIES; i++) {
            words[i] = get(entryOffset(device, i));
        }
        return words;
    }

    private long get(long offset) {
        return (long) WORD.getVolatile(memory, offset);
    }

    private long fateOffset(int holder) {
        if (holder < 1 || holder > holders) {
            throw new IllegalArgumentException("no such holder: holder=" + holder + ", holders=" + holders);
        }
        return FATES + FATE_SIZE * holder;
    }

    private long entryOffset(int device, int entry) {
        if (device < 0 || device >= devices) {
            throw new IllegalArgumentException("no such device: device=" + device + ", devices=" + devices);
        }
        return FATES + FATE_SIZE * (holders + 1) + 8L * ((long) device * ENTRIES + entry);
    }

    private static int holderOf(long word) {
        return (int) (word >>> 44);
    }
}
