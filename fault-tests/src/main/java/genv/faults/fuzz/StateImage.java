// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.core.layout.CellLayout;
import genv.core.layout.Checksum;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The bytes of a state file, to be changed with or without the checksums that belong to them. */
public final class StateImage {
    private static final int SALT_CELL = 8;
    private static final int PAGE = 4096;
    private static final byte[] ZEROS = new byte[PAGE];

    private final byte[] array;
    private final ByteBuffer bytes;
    private final List<int[]> extents = new ArrayList<>();

    private StateImage(byte[] array) {
        this.array = array;
        this.bytes = ByteBuffer.wrap(array).order(ByteOrder.nativeOrder());
    }

    /** The bytes of a state file as it is now. */
    public static StateImage read(Path file) throws IOException {
        return new StateImage(Files.readAllBytes(file));
    }

    /** A copy. */
    public StateImage copy() {
        return new StateImage(array.clone());
    }

    /** Its bytes themselves. */
    public byte[] array() {
        return array;
    }

    /** A word at an offset. */
    public long word(long at) {
        return bytes.getLong((int) at);
    }

    /** Changes the word at an offset. */
    public void word(long at, long value) {
        bytes.putLong((int) at, value);
    }

    /** The number of the current record. */
    public int record() {
        return RootWord.record(word(FileLayout.ROOT_OFFSET));
    }

    /** How many environments the current record has. */
    public int envCount() {
        return (int) word(FileLayout.recordAt(record()) + RecordLayout.COUNTS_A_OFFSET);
    }

    /** The first cell of each environment. */
    public List<Integer> firstCells() {
        List<Integer> cells = new ArrayList<>();
        for (int i = 0; i < envCount(); i++) {
            cells.add((int) word(FileLayout.recordAt(record()) + RecordLayout.ENV_OFFSET + 8L * i));
        }
        return cells;
    }

    /** Where the words of a record lie that are in use, as pairs of offset and count. */
    public List<long[]> wordsInUse(int record) {
        long base = FileLayout.recordAt(record);
        long a = word(base + RecordLayout.COUNTS_A_OFFSET);
        long b = word(base + RecordLayout.COUNTS_B_OFFSET);
        return List.of(
                new long[] {base, 4},
                new long[] {base + RecordLayout.DEVICE_OFFSET, (a >>> 32) * RecordLayout.DEVICE_WORDS},
                new long[] {base + RecordLayout.ENV_OFFSET, (int) a},
                new long[] {base + RecordLayout.HOLDER_OFFSET, (b >>> 32) * RecordLayout.HOLDER_WORDS},
                new long[] {base + RecordLayout.WAITER_OFFSET, (int) b * (long) RecordLayout.WAITER_WORDS});
    }

    /** The checksum that a record should have; its counts must be within their limits. */
    public long checksumOfRecord(int record) {
        long base = FileLayout.recordAt(record);
        List<long[]> parts = wordsInUse(record);
        long[] devices = words(parts.get(1));
        long[] envs = words(parts.get(2));
        long[] holders = words(parts.get(3));
        long[] waiters = words(parts.get(4));
        long sum = Checksum.add(Checksum.start(), word(base + RecordLayout.VERSION_OFFSET), 5);
        sum = Checksum.add(sum, word(base + RecordLayout.COUNTS_A_OFFSET), 6);
        sum = Checksum.add(sum, word(base + RecordLayout.COUNTS_B_OFFSET), 7);
        sum = Checksum.add(sum, Checksum.ofPlaces(devices, 0, devices.length), 1);
        sum = Checksum.add(sum, Checksum.ofMembers(envs, envs.length), 2);
        sum = holders.length == 0 ? sum : Checksum.add(sum, holders, 0, holders.length, 3);
        return waiters.length == 0 ? sum : Checksum.add(sum, waiters, 0, waiters.length, 4);
    }

    /** Gives the current record the checksum that it should have. */
    public void sealRecord() {
        word(FileLayout.recordAt(record()) + RecordLayout.CHECKSUM_OFFSET, checksumOfRecord(record()));
    }

    /** The checksum that a cell should have; what it says of the words in use must be within the limit. */
    public long checksumOfCell(int cell) {
        long base = FileLayout.cellAt(cell);
        long link = word(base + CellLayout.LINK_OFFSET);
        int used = (int) link;
        long[] payload = words(new long[] {base + CellLayout.PAYLOAD_OFFSET, used});
        return Checksum.add(Checksum.add(Checksum.start(), link, SALT_CELL), payload, 0, used, SALT_CELL + 1);
    }

    /** Gives a cell the checksum that it should have. */
    public void sealCell(int cell) {
        word(FileLayout.cellAt(cell) + CellLayout.CHECKSUM_OFFSET, checksumOfCell(cell));
    }

    /** Requires that the checksums of this class are those of the format. */
    public void requireSound() {
        long base = FileLayout.recordAt(record());
        boolean sound = checksumOfRecord(record()) == word(base + RecordLayout.CHECKSUM_OFFSET);
        for (int cell : firstCells()) {
            sound &= checksumOfCell(cell) == word(FileLayout.cellAt(cell) + CellLayout.CHECKSUM_OFFSET);
        }
        if (!sound) {
            throw new AssertionError(
                    "the checksums of the format have changed: adapt StateImage to RecordImage and Cells");
        }
    }

    /** Writes a new file of these bytes, sparse where they are zero. */
    public void writeNew(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int[] part : extents()) {
                write(channel, part[0], part[1]);
            }
            write(channel, array().length - 1, 1);
        }
    }

    /** Writes these bytes over a file of the same size, which keeps its inode. */
    public void writeOver(Path file) throws IOException {
        write(file, 0, array().length);
    }

    /** Writes some of these bytes to their place in a file. */
    void write(Path file, int from, int length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            write(channel, from, length);
        }
    }

    private void write(FileChannel channel, int from, int length) throws IOException {
        ByteBuffer part = ByteBuffer.wrap(array(), from, length);
        long at = from;
        while (part.hasRemaining()) {
            at += channel.write(part, at);
        }
    }

    /** Where something other than zeros lies, in whole pages; of the bytes as they are when this is first asked. */
    private List<int[]> extents() {
        if (extents.isEmpty()) {
            byte[] content = array();
            for (int at = 0; at < content.length; at += PAGE) {
                int length = Math.min(PAGE, content.length - at);
                if (Arrays.mismatch(content, at, at + length, ZEROS, 0, length) >= 0) {
                    int[] last = extents.isEmpty() ? null : extents.getLast();
                    if (last != null && last[0] + last[1] == at) {
                        last[1] += length;
                    } else {
                        extents.add(new int[] {at, length});
                    }
                }
            }
        }
        return extents;
    }

    private long[] words(long[] part) {
        long[] words = new long[(int) part[1]];
        for (int i = 0; i < words.length; i++) {
            words[i] = word(part[0] + 8L * i);
        }
        return words;
    }
}
