// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.core.layout.CellLayout;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.faults.fuzz.Bench.Trust;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damage at random: the number of a trial and the seed of the run decide it. */
final class RandomTrials implements Trials {
    private static final int SIZE = (int) FileLayout.FILE_SIZE;
    private static final long[] EXTREMES = {0, 1, -1, 2, 127, 128, 4096, 4097, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32
    };

    private enum Kind {
        BITS,
        WORDS,
        RUN,
        ZEROS,
        MISPLACED,
        NOISE,
        NOISE_BEHIND_HEADER,
        HEADER,
        SIZE,
        FORGED
    }

    private final Bench bench;
    private final long seed;
    /** The bench's image, but for the damage of the present trial. */
    private final StateImage scratch;

    private final List<int[]> touched = new ArrayList<>();

    RandomTrials(Bench bench, long seed) {
        this.bench = bench;
        this.seed = seed;
        this.scratch = bench.image().copy();
    }

    @Override
    public int count() {
        return Integer.MAX_VALUE;
    }

    private Random random(int number) {
        return new Random(seed * 1_000_003 + number);
    }

    private static Kind kind(Random random) {
        return Kind.values()[random.nextInt(Kind.values().length)];
    }

    @Override
    public String describe(int number) {
        return kind(random(number)).toString();
    }

    @Override
    public void run(int number) throws IOException {
        Random random = random(number);
        Kind kind = kind(random);
        boolean warm = random.nextInt(3) == 0;
        Trust trust = kind == Kind.FORGED ? Trust.FORGED : Trust.TRUE;
        Bench.Damage damage = damage(kind, random);
        try {
            if (warm) {
                bench.warm(trust, damage);
            } else {
                bench.cold(trust, damage);
            }
        } finally {
            for (int[] range : touched) {
                System.arraycopy(bench.image().array(), range[0], scratch.array(), range[0], range[1]);
            }
            touched.clear();
        }
    }

    private Bench.Damage damage(Kind kind, Random random) {
        byte[] bytes = scratch.array();
        switch (kind) {
            case BITS -> {
                for (int n = 1 + random.nextInt(8); n > 0; n--) {
                    int at = touch(place(random), 1);
                    bytes[at] ^= (byte) (1 << random.nextInt(8));
                }
            }
            case WORDS -> {
                for (int n = 1 + random.nextInt(4); n > 0; n--) {
                    word(place(random) & ~7, word(random));
                }
            }
            case RUN -> put(place(random), noise(random, 1 + random.nextInt(1 << random.nextInt(17))));
            case ZEROS -> {
                int length = random.nextBoolean() ? 512 : 4096;
                put(place(random) & -length, new byte[length]);
            }
            case MISPLACED -> {
                int length = random.nextBoolean() ? 512 : 4096;
                int from = place(random) & -length;
                put(place(random) & -length, Arrays.copyOfRange(bytes, from, from + length));
            }
            case NOISE -> {
                byte[] noise = noise(random, random.nextInt(1 << random.nextInt(20)));
                return directory -> {
                    try (FileChannel channel = FileChannel.open(bench.file(), StandardOpenOption.WRITE)) {
                        channel.truncate(0);
                        channel.write(ByteBuffer.wrap(noise));
                    }
                };
            }
            case NOISE_BEHIND_HEADER -> put(random.nextBoolean() ? 64 : place(random), noise(random, 1 << 20));
            case HEADER -> word(8 * random.nextInt(7), word(random));
            case SIZE -> {
                int size = random.nextInt(4) == 0 ? SIZE + 1 + random.nextInt(8192) : random.nextInt(SIZE);
                return directory -> {
                    try (FileChannel channel = FileChannel.open(bench.file(), StandardOpenOption.WRITE)) {
                        channel.truncate(size);
                        if (size > SIZE) {
                            channel.write(ByteBuffer.wrap(new byte[1]), size - 1);
                        }
                    }
                };
            }
            case FORGED -> forge(random);
        }
        return directory -> {
            for (int[] range : touched) {
                writeChanges(range[0], range[0] + range[1]);
            }
        };
    }

    /**
     * Writes only the bytes that differ from the undamaged image. A running process has gone on since that image, and to write
     * the others would take its root word back to a state that was once true, which nobody can tell from a true one.
     */
    private void writeChanges(int from, int to) throws IOException {
        byte[] before = bench.image().array();
        byte[] after = scratch.array();
        int at = from;
        while (at < to) {
            int next = Arrays.mismatch(before, at, to, after, at, to);
            if (next < 0) {
                return;
            }
            int begin = at + next;
            int end = begin + 1;
            while (end < to && before[end] != after[end]) {
                end++;
            }
            scratch.write(bench.file(), begin, end - begin);
            at = end;
        }
    }

    private int touch(int at, int length) {
        touched.add(new int[] {at, length});
        return at;
    }

    private void word(int at, long value) {
        touch(at, 8);
        scratch.word(at, value);
    }

    private void put(int at, byte[] content) {
        int length = Math.min(content.length, SIZE - at);
        touch(at, length);
        System.arraycopy(content, 0, scratch.array(), at, length);
    }

    /** Changes what is in use and computes the checksums anew, as somebody would who means harm. */
    private void forge(Random random) {
        if (random.nextBoolean()) {
            int base = (int) FileLayout.recordAt(scratch.record());
            List<long[]> parts = scratch.wordsInUse(scratch.record());
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                long[] part = parts.get(1 + random.nextInt(parts.size() - 1));
                if (part[1] > 0) {
                    word((int) part[0] + 8 * random.nextInt((int) part[1]), word(random));
                }
            }
            if (random.nextInt(4) == 0) {
                word(base + (int) RecordLayout.COUNTS_A_OFFSET, pair(random, 129, 4097));
                word(base + (int) RecordLayout.COUNTS_B_OFFSET, pair(random, 513, 385));
            }
            touch(base + (int) RecordLayout.CHECKSUM_OFFSET, 8);
            scratch.sealRecord();
        } else {
            List<Integer> cells = scratch.firstCells();
            int cell = cells.get(random.nextInt(cells.size()));
            int base = (int) FileLayout.cellAt(cell);
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                word(base + (int) CellLayout.PAYLOAD_OFFSET + 8 * random.nextInt(14), word(random));
            }
            if (random.nextInt(4) == 0) {
                word(base + (int) CellLayout.LINK_OFFSET, (long) random.nextInt(70) << 32 | random.nextInt(31));
            }
            touch(base + (int) CellLayout.CHECKSUM_OFFSET, 8);
            scratch.sealCell(cell);
        }
    }

    private static long pair(Random random, int high, int low) {
        return (long) random.nextInt(high) << 32 | random.nextInt(low);
    }

    private static long word(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> EXTREMES[random.nextInt(EXTREMES.length)];
            case 1 -> random.nextInt(256);
            case 2 -> (long) random.nextInt(256) << 32 | random.nextInt(256);
            default -> random.nextLong();
        };
    }

    private static byte[] noise(Random random, int length) {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        return noise;
    }

    /** A place where something lies, more often than not. */
    private int place(Random random) {
        StateImage image = bench.image();
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(64);
            case 1 -> (int) FileLayout.ROOT_OFFSET + random.nextInt(8);
            case 2 -> (int) FileLayout.ROOT_OFFSET + random.nextInt(512);
            case 3 ->
                (int) (FileLayout.RECORD_CLAIM_OFFSET + image.record() * FileLayout.RECORD_CLAIM_STRIDE)
                        + random.nextInt(8);
            case 4 -> {
                List<long[]> parts = image.wordsInUse(image.record());
                long[] part = parts.get(random.nextInt(parts.size()));
                yield (int) part[0] + random.nextInt((int) Math.max(part[1] * 8, 1));
            }
            case 5 -> {
                List<Integer> cells = image.firstCells();
                int cell = cells.get(random.nextInt(cells.size()));
                yield random.nextBoolean()
                        ? (int) FileLayout.cellAt(cell) + random.nextInt(256)
                        : (int) (FileLayout.CELL_CLAIM_OFFSET + cell * FileLayout.CELL_CLAIM_STRIDE)
                                + random.nextInt(8);
            }
            case 6 -> (int) FileLayout.RECORD_CLAIM_OFFSET + random.nextInt(16_384);
            default -> random.nextInt(SIZE);
        };
    }
}
