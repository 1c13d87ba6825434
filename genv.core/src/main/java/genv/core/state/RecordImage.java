// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.layout.Checksum;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import java.util.Arrays;

/**
 * A private copy of one record: the words in use of each section. Not thread-safe.
 *
 * <p>All editing happens here, in plain arrays; the mapped record is written once, when the outcome is known.
 */
final class RecordImage {
    private static final int SALT_DEVICES = 1;
    private static final int SALT_ENVS = 2;
    private static final int SALT_HOLDERS = 3;
    private static final int SALT_WAITERS = 4;
    private static final int SALT_VERSION = 5;
    private static final int SALT_COUNTS_A = 6;
    private static final int SALT_COUNTS_B = 7;

    long version;
    int deviceCount;
    int envCount;
    int holderCount;
    int waiterCount;
    /** The sum over the entries, kept up to date by whoever changes them: an entry's place follows from its value. */
    long envSum;

    /** The sum over the device rows, kept up to date by {@link #setDeviceWord}. */
    long deviceSum;

    long[] devices = new long[8 * RecordLayout.DEVICE_WORDS];
    long[] envs = new long[16];
    long[] holders = new long[8 * RecordLayout.HOLDER_WORDS];
    long[] waiters = new long[0];

    /**
     * Copies a record.
     *
     * @return whether it is the record of that version and undamaged; if the record was reused meanwhile, it is not
     */
    boolean load(StateMemory memory, int record, long expectedVersion) {
        long base = FileLayout.recordAt(record);
        version = memory.word(base + RecordLayout.VERSION_OFFSET);
        long checksum = memory.word(base + RecordLayout.CHECKSUM_OFFSET);
        long a = memory.word(base + RecordLayout.COUNTS_A_OFFSET);
        long b = memory.word(base + RecordLayout.COUNTS_B_OFFSET);
        deviceCount = (int) (a >>> 32);
        envCount = (int) a;
        holderCount = (int) (b >>> 32);
        waiterCount = (int) b;
        if (version != expectedVersion
                || deviceCount < 0
                || deviceCount > RecordLayout.MAX_DEVICES
                || envCount < 0
                || envCount > RecordLayout.MAX_ENVS
                || holderCount < 0
                || holderCount > RecordLayout.MAX_HOLDERS
                || waiterCount < 0
                || waiterCount > RecordLayout.MAX_WAITERS) {
            return false;
        }
        devices = room(devices, deviceCount * RecordLayout.DEVICE_WORDS);
        envs = room(envs, envCount);
        holders = room(holders, holderCount * RecordLayout.HOLDER_WORDS);
        waiters = room(waiters, waiterCount * RecordLayout.WAITER_WORDS);
        memory.read(base + RecordLayout.DEVICE_OFFSET, devices, deviceCount * RecordLayout.DEVICE_WORDS);
        memory.read(base + RecordLayout.ENV_OFFSET, envs, envCount);
        if (b != 0) {
            memory.read(base + RecordLayout.HOLDER_OFFSET, holders, holderCount * RecordLayout.HOLDER_WORDS);
            memory.read(base + RecordLayout.WAITER_OFFSET, waiters, waiterCount * RecordLayout.WAITER_WORDS);
        }
        if (!haveCells(envs, envCount)) {
            return false;
        }
        envSum = Checksum.ofMembers(envs, envCount);
        deviceSum = Checksum.ofPlaces(devices, 0, deviceCount * RecordLayout.DEVICE_WORDS);
        return checksum == checksum();
    }

    /** Whether the entries name cells: those of a draft, which are in no record, have the highest bit of the number set. */
    private static boolean haveCells(long[] entries, int count) {
        int all = 0;
        for (int i = 0; i < count; i++) {
            all |= (int) entries[i];
        }
        return all >= 0;
    }

    /** Writes a record that the caller owns. */
    void store(StateMemory memory, int record) {
        long base = FileLayout.recordAt(record);
        memory.word(base + RecordLayout.VERSION_OFFSET, version);
        memory.word(base + RecordLayout.CHECKSUM_OFFSET, checksum());
        memory.word(base + RecordLayout.COUNTS_A_OFFSET, countsA());
        memory.word(base + RecordLayout.COUNTS_B_OFFSET, countsB());
        memory.write(base + RecordLayout.DEVICE_OFFSET, devices, 0, deviceCount * RecordLayout.DEVICE_WORDS);
        memory.write(base + RecordLayout.ENV_OFFSET, envs, 0, envCount);
        if (holderCount != 0) {
            memory.write(base + RecordLayout.HOLDER_OFFSET, holders, 0, holderCount * RecordLayout.HOLDER_WORDS);
        }
        if (waiterCount != 0) {
            memory.write(base + RecordLayout.WAITER_OFFSET, waiters, 0, waiterCount * RecordLayout.WAITER_WORDS);
        }
    }

    /** Changes a word of a device row, and the sum over these with it. */
    void setDeviceWord(int at, long word) {
        deviceSum += Checksum.ofPlace(word, at) - Checksum.ofPlace(devices[at], at);
        devices[at] = word;
    }

    /** Adds rows of zeros up to a number of rows. */
    void growDevices(int count) {
        int from = deviceCount * RecordLayout.DEVICE_WORDS;
        int to = count * RecordLayout.DEVICE_WORDS;
        devices = room(devices, to);
        Arrays.fill(devices, from, to, 0);
        deviceSum += Checksum.ofPlaces(devices, from, to);
        deviceCount = count;
    }

    void roomForEnv() {
        envs = room(envs, envCount + 1);
    }

    void roomForHolder() {
        holders = room(holders, (holderCount + 1) * RecordLayout.HOLDER_WORDS);
    }

    void roomForWaiter() {
        waiters = room(waiters, (waiterCount + 1) * RecordLayout.WAITER_WORDS);
    }

    private long checksum() {
        long sum = Checksum.start();
        sum = Checksum.add(sum, version, SALT_VERSION);
        sum = Checksum.add(sum, countsA(), SALT_COUNTS_A);
        sum = Checksum.add(sum, countsB(), SALT_COUNTS_B);
        sum = Checksum.add(sum, deviceSum, SALT_DEVICES);
        sum = Checksum.add(sum, envSum, SALT_ENVS);
        if (holderCount != 0) {
            sum = Checksum.add(sum, holders, 0, holderCount * RecordLayout.HOLDER_WORDS, SALT_HOLDERS);
        }
        if (waiterCount != 0) {
            sum = Checksum.add(sum, waiters, 0, waiterCount * RecordLayout.WAITER_WORDS, SALT_WAITERS);
        }
        return sum;
    }

    private long countsA() {
        return (long) deviceCount << 32 | envCount;
    }

    private long countsB() {
        return (long) holderCount << 32 | waiterCount;
    }

    private static long[] room(long[] words, int needed) {
        return words.length >= needed ? words : Arrays.copyOf(words, Math.max(needed, words.length * 2));
    }
}
