// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/**
 * The layout of one record: the whole shared state at one version. It is published whole and never changed while it is
 * current.
 *
 * <pre>
 *        0  header        16 words  version, checksum, four counts
 *      128  devices   128 × 4 words  one row an index, dense up to the highest index ever used
 *     4224  envs     4096 × 1 word   hash of the identifier (high half), first cell (low half), ascending
 *    36992  holders   512 × 10 words device locks held
 *    77952  waiters   384 × 26 words requests that wait, ascending by ticket
 *   157824  unused
 *   163840
 * </pre>
 *
 * <p>Only what the counts say is in use is copied. The checksum covers the header's other words and every word in use.
 */
public final class RecordLayout {
    public static final long SIZE = 160 * 1024;

    public static final long VERSION_OFFSET = 0;
    public static final long CHECKSUM_OFFSET = 8;
    /** Device rows (high half) and environments (low half). */
    public static final long COUNTS_A_OFFSET = 16;
    /** Lock holders (high half) and waiters (low half). */
    public static final long COUNTS_B_OFFSET = 24;

    /** The most devices that a host can have: a device set is two words. */
    public static final int MAX_DEVICES = 128;

    public static final long DEVICE_OFFSET = 128;
    public static final int DEVICE_WORDS = 4;
    /** Attached environments (high half); those of them that have the whole device (low half). */
    public static final int DEVICE_POPULATION = 0;
    /** The sum of the memory shares, bytes. */
    public static final int DEVICE_RESERVED = 1;
    /** Total memory as the backend of the last attachment said, bytes; -1 unknown. */
    public static final int DEVICE_TOTAL = 2;
    /**
     * A hash of the device's UUID, as the backend of the last attachment said (high half); when something of the device was
     * last freed while somebody waited, in units of 64 ms since 1970, cut off (low half).
     */
    public static final int DEVICE_UUID = 3;

    /** The most environments that can live at one time. */
    public static final int MAX_ENVS = 4096;

    public static final long ENV_OFFSET = DEVICE_OFFSET + MAX_DEVICES * DEVICE_WORDS * 8L;

    /** The most device locks that can be held at one time. */
    public static final int MAX_HOLDERS = 512;

    public static final long HOLDER_OFFSET = ENV_OFFSET + MAX_ENVS * 8L;
    public static final int HOLDER_WORDS = 10;
    /** The version at which the lock was taken: its identity. */
    public static final int HOLDER_ID = 0;

    public static final int HOLDER_ENV = 1;
    public static final int HOLDER_TOKEN = 2;
    /** Process identifier (high half), 1 for a shared lock (low half). */
    public static final int HOLDER_PID_MODE = 3;
    /** The share, bytes; -1 for whole devices. */
    public static final int HOLDER_MEMORY = 4;

    public static final int HOLDER_SINCE = 5;
    public static final int HOLDER_DEVICES = 6;
    /** Hash of the environment's identifier. */
    public static final int HOLDER_HASH = 8;

    /** The most requests that can wait in the shared queue at one time. */
    public static final int MAX_WAITERS = 384;

    public static final long WAITER_OFFSET = HOLDER_OFFSET + MAX_HOLDERS * HOLDER_WORDS * 8L;
    public static final int WAITER_WORDS = 26;
    public static final int WAITER_TICKET = 0;
    public static final int WAITER_TOKEN = 1;
    /** The environment, or 0 for one that is not yet active. */
    public static final int WAITER_ENV = 2;
    /** Process identifier (high half), kind (low half). */
    public static final int WAITER_PID_KIND = 3;

    public static final int WAITER_SINCE = 4;
    /** The set of devices that it waits for. */
    public static final int WAITER_DEVICES = 5;
    /** The user to whom the environment belongs (high half), length of the identifier in bytes (low half). */
    public static final int WAITER_UID_EID_LENGTH = 7;

    public static final int WAITER_EID = 8;
    /**
     * When its process was asked for a sign of life that it has not given yet, in units of 64 ms since 1970, cut off, or 0
     * (high half); how many of the devices it needs (low half).
     */
    public static final int WAITER_ASKED_COUNT = 24;
    /** What it needs of each, bytes; -1 for whole devices. */
    public static final int WAITER_SHARE = 25;
    /** The longest identifier, bytes of ASCII. */
    public static final int MAX_EID = 128;

    private RecordLayout() {}
}
