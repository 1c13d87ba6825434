// SPDX-License-Identifier: Apache-2.0
package genv.core.layout;

/**
 * The layout of the state file, {@code genv.state}: the one owner of its offsets, sizes and version.
 *
 * <pre>
 *        0  +--------------------------------------------------------------+
 *           | magic                                                    8 B |
 *        8  | format version                                           8 B |
 *       16  | file size                                                8 B |
 *       24  | boot identifier                                         16 B |
 *       40  | inode of genv.live                                       8 B |
 *       48  | created, milliseconds since 1970                         8 B |
 *           +--------------------------------------------------------------+
 *      128  | root word: version and record number      own cache-line pair|
 *      136  | precedence: until when others wait                       8 B |
 *      256  | next token                                own cache-line pair|
 *      384  | next ticket                               own cache-line pair|
 *           +--------------------------------------------------------------+
 *     4096  | doorbells: 64 futex words, a cache line each           4 KiB |
 *     8192  | record claims: 128 words, a cache line each            8 KiB |
 *    16384  | cell claims: 32,768 words                            256 KiB |
 *   278528  | records: 128 of 160 KiB, see RecordLayout             20 MiB |
 * 21250048  | cells: 32,768 of 256 B, see CellLayout                 8 MiB |
 *           +--------------------------------------------------------------+
 * 29638656
 * </pre>
 *
 * <p>The file is sparse: what is never used takes no space on the disk. All words are 8-byte aligned and in the byte
 * order of the host; a file of the other order has another magic. <b>Whoever changes anything here, in
 * {@link RecordLayout}, in {@link CellLayout} or in {@link EnvCodec} raises {@link #FORMAT_VERSION}.</b>
 */
public final class FileLayout {
    /** The letters {@code GENVSTAT} as a little-endian word. */
    public static final long MAGIC = 0x5441_5453_564e_4547L;

    /**
     * The version of everything that lies in the file. 2 has leases; 3 the user of a request that waits, precedence, and
     * sleepers in the doorbells.
     */
    public static final long FORMAT_VERSION = 3;

    public static final long MAGIC_OFFSET = 0;
    public static final long VERSION_OFFSET = 8;
    public static final long SIZE_OFFSET = 16;
    public static final long BOOT_OFFSET = 24;
    public static final long LIVE_INODE_OFFSET = 40;
    public static final long CREATED_OFFSET = 48;

    public static final long ROOT_OFFSET = 128;

    /** Beside the root, since who is about to change that reads it. */
    public static final long PRECEDENCE_OFFSET = 136;

    public static final long TOKEN_OFFSET = 256;
    public static final long TICKET_OFFSET = 384;

    /** How many doorbells there are; a process listens at the one that its token falls on. A power of two. */
    public static final int DOORBELLS = 64;

    public static final long DOORBELL_OFFSET = 4096;
    public static final long DOORBELL_STRIDE = 64;

    /** How many records there are: one is current, each transition in progress has claimed one more. */
    public static final int RECORDS = 128;

    public static final long RECORD_CLAIM_OFFSET = 8192;
    public static final long RECORD_CLAIM_STRIDE = 64;

    /** How many cells there are. Cell 0 is never used, so that 0 can mean none. */
    public static final int CELLS = 32_768;

    public static final long CELL_CLAIM_OFFSET = 16_384;
    public static final long CELL_CLAIM_STRIDE = 8;

    public static final long RECORD_OFFSET = CELL_CLAIM_OFFSET + CELLS * CELL_CLAIM_STRIDE;
    public static final long CELL_OFFSET = RECORD_OFFSET + RECORDS * RecordLayout.SIZE;

    /** The size of the file in bytes. */
    public static final long FILE_SIZE = CELL_OFFSET + CELLS * CellLayout.SIZE;

    private FileLayout() {}

    /** Where the record begins. The number must have been checked. */
    public static long recordAt(int record) {
        return RECORD_OFFSET + record * RecordLayout.SIZE;
    }

    /** Where the cell begins. The number must have been checked. */
    public static long cellAt(int cell) {
        return CELL_OFFSET + cell * CellLayout.SIZE;
    }

    /** Where the futex word lies at which the holder of a token listens. */
    public static long doorbellOf(long token) {
        return DOORBELL_OFFSET + (token & (DOORBELLS - 1)) * DOORBELL_STRIDE;
    }
}
