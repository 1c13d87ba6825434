// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.core.layout.FileLayout;
import genv.faults.fuzz.Bench.Trust;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Damage in order: what can happen to the files as a whole, then every size, then every byte: all of those that mean
 * something, and of the others one in each cache line. Every trial is made with a process that comes to the damaged file and
 * with one under which it is damaged.
 *
 * <p>A sample takes trials at even distances, but all of the first kind.
 */
final class SystematicTrials implements Trials {
    private static final int SIZE = (int) FileLayout.FILE_SIZE;

    private record Trial(String name, Action action) {}

    private interface Action {
        void run() throws IOException;
    }

    private final Bench bench;
    private final List<Trial> trials = new ArrayList<>();
    private final int wholeFiles;
    /** Too many to be objects: place and mask, each made with and without a running process. */
    private long[] flips = new long[1 << 16];

    private int flipCount;

    SystematicTrials(Bench bench) {
        this.bench = bench;
        addWholeFiles();
        wholeFiles = trials.size();
        addSizes();
        addBytes();
    }

    /** The numbers of a sample of about that many. */
    List<Integer> sample(int about) {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (int i = 0; i < wholeFiles; i++) {
            numbers.add(i);
        }
        double step = Math.max(1, (double) (count() - wholeFiles) / Math.max(1, about - wholeFiles));
        for (double at = wholeFiles; at < count(); at += step) {
            numbers.add((int) at);
        }
        return List.copyOf(numbers);
    }

    @Override
    public int count() {
        return trials.size() + 2 * flipCount;
    }

    @Override
    public String describe(int number) {
        if (number < trials.size()) {
            return trials.get(number).name();
        }
        long flip = flips[(number - trials.size()) / 2];
        return "byte " + (flip >>> 8) + " changed by 0x" + Long.toHexString(flip & 0xff)
                + (number % 2 == 0 ? "" : " under a running process");
    }

    @Override
    public void run(int number) throws IOException {
        if (number < trials.size()) {
            trials.get(number).action().run();
            return;
        }
        long flip = flips[(number - trials.size()) / 2];
        Bench.Damage damage = directory -> flip((int) (flip >>> 8), (int) (flip & 0xff));
        if (number % 2 == 0) {
            bench.cold(Trust.TRUE, damage);
        } else {
            bench.warm(Trust.TRUE, damage);
        }
    }

    private void add(String name, Action action) {
        trials.add(new Trial(name, action));
    }

    private void warm(String name, Trust trust, Bench.Damage damage) {
        add(name + " under a running process", () -> bench.warm(trust, damage));
    }

    // ---- whole files -----------------------------------------------------------------------------------------------

    private void addWholeFiles() {
        add("undamaged", () -> bench.cold(Trust.TRUE, directory -> {}));
        warm("undamaged", Trust.TRUE, directory -> {});
        warm("state deleted", Trust.TRUE, directory -> Files.delete(directory.resolve("genv.state")));
        add(
                "live file deleted under a running process",
                () -> withLiveFileBack(directory -> {
                    Files.delete(directory.resolve("genv.live"));
                }));
        add(
                "live file replaced under a running process",
                () -> withLiveFileBack(directory -> {
                    Files.delete(directory.resolve("genv.live"));
                    Files.createFile(directory.resolve("genv.live"));
                }));
        warm("state emptied", Trust.TRUE, directory -> truncate(0));
        warm("state emptied and grown again", Trust.TRUE, directory -> {
            truncate(0);
            write(SIZE - 1, new byte[1]);
        });
        warm("state replaced by a copy", Trust.REPLACED, directory -> {
            Files.delete(bench.file());
            bench.image().writeNew(bench.file());
        });
        warm("state replaced by another file", Trust.TRUE, directory -> replaceBy(new byte[] {1, 2, 3}));
        warm("state replaced by zeros", Trust.TRUE, directory -> replaceBy(new byte[SIZE]));
        warm("state replaced by a directory", Trust.TRUE, directory -> {
            Files.delete(directory.resolve("genv.state"));
            Files.createDirectory(directory.resolve("genv.state"));
        });
        warm("state replaced by a link", Trust.TRUE, directory -> {
            Files.move(
                    directory.resolve("genv.state"),
                    directory.resolve("elsewhere"),
                    StandardCopyOption.REPLACE_EXISTING);
            Files.createSymbolicLink(directory.resolve("genv.state"), directory.resolve("elsewhere"));
        });
        warm("state with a second name", Trust.TRUE, directory -> {
            Files.deleteIfExists(directory.resolve("second"));
            Files.createLink(directory.resolve("second"), directory.resolve("genv.state"));
        });
        for (int growth : new int[] {1, 7, 4096, 1 << 20}) {
            add("grown by " + growth, () -> bench.cold(Trust.TRUE, directory -> write(SIZE, new byte[growth])));
            warm("grown by " + growth, Trust.TRUE, directory -> write(SIZE, new byte[growth]));
        }
    }

    private void withLiveFileBack(Bench.Damage damage) throws IOException {
        Path live = bench.file().resolveSibling("genv.live");
        Path saved = bench.file().resolveSibling("saved");
        bench.warm(Trust.TRUE, directory -> {
            Files.createLink(saved, live);
            damage.inflict(directory);
        });
        bench.restore(saved);
    }

    private void replaceBy(byte[] content) throws IOException {
        Path other = bench.file().resolveSibling("other");
        Files.deleteIfExists(other);
        Files.write(other, content);
        Files.move(other, bench.file(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    // ---- sizes -----------------------------------------------------------------------------------------------------

    private void addSizes() {
        TreeSet<Integer> sizes = new TreeSet<>();
        for (int size = 0; size < 1024; size += 8) {
            sizes.add(size);
            sizes.add(size + 3);
        }
        for (int size = 512; size < FileLayout.RECORD_OFFSET + 65_536; size += 512) {
            sizes.add(size);
        }
        for (int size = 0; size < SIZE; size += 65_536) {
            sizes.add(size);
            sizes.add(size + 4095);
        }
        sizes.add(SIZE - 1);
        for (int size : sizes) {
            if (size < SIZE) {
                add("cut to " + size, () -> bench.cold(Trust.TRUE, directory -> truncate(size)));
                warm("cut to " + size, Trust.TRUE, directory -> truncate(size));
            }
        }
    }

    // ---- bytes -----------------------------------------------------------------------------------------------------

    private void addBytes() {
        StateImage image = bench.image();
        TreeSet<Integer> places = new TreeSet<>();
        addAll(places, 0, 64);
        addAll(places, FileLayout.ROOT_OFFSET, 8);
        addAll(places, FileLayout.TOKEN_OFFSET, 8);
        addAll(places, FileLayout.TICKET_OFFSET, 8);
        for (int record = 0; record < FileLayout.RECORDS; record++) {
            addAll(places, FileLayout.RECORD_CLAIM_OFFSET + record * FileLayout.RECORD_CLAIM_STRIDE, 8);
        }
        for (long[] part : image.wordsInUse(image.record())) {
            addAll(places, part[0], part[1] * 8);
        }
        for (int cell : image.firstCells()) {
            addAll(places, FileLayout.cellAt(cell), 256);
            addAll(places, FileLayout.CELL_CLAIM_OFFSET + cell * FileLayout.CELL_CLAIM_STRIDE, 8);
        }
        for (int place : places) {
            for (int mask : new int[] {0x01, 0x80, 0xff}) {
                addFlip(place, mask);
            }
        }
        for (int place = 0; place < SIZE; place += 64) {
            if (!places.contains(place)) {
                addFlip(place + (place >>> 6) % 8, 0xff);
            }
        }
    }

    private void addFlip(int place, int mask) {
        if (flipCount == flips.length) {
            flips = Arrays.copyOf(flips, flipCount * 2);
        }
        flips[flipCount++] = (long) place << 8 | mask;
    }

    private static void addAll(Set<Integer> places, long from, long count) {
        for (long at = from; at < from + count; at++) {
            places.add((int) at);
        }
    }

    private void flip(int place, int mask) throws IOException {
        try (FileChannel channel = FileChannel.open(bench.file(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, place);
            one.put(0, (byte) (one.get(0) ^ mask));
            channel.write(one.flip(), place);
        }
    }

    private void truncate(int size) throws IOException {
        try (FileChannel channel = FileChannel.open(bench.file(), StandardOpenOption.WRITE)) {
            channel.truncate(size);
        }
    }

    private void write(int at, byte[] content) throws IOException {
        try (FileChannel channel = FileChannel.open(bench.file(), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(content), at);
        }
    }
}
