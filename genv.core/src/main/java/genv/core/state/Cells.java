// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.layout.CellLayout;
import genv.core.layout.Checksum;
import genv.core.layout.ClaimWord;
import genv.core.layout.EnvCodec;
import genv.core.layout.FileLayout;
import genv.core.model.EnvBlock;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the cells in which the environments lie.
 *
 * <p>A live cell never changes. So a block that was decoded once is good as long as the cell's claim word is the same, and is
 * kept.
 */
final class Cells {
    private static final int SALT = 8;
    private static final int CACHED = 4096;

    private final StateMemory memory;
    private final Claims claims;
    private final AtomicReferenceArray<@Nullable Decoded> cache = new AtomicReferenceArray<>(CACHED);

    private record Decoded(int cell, long claim, EnvBlock block) {}

    Cells(StateMemory memory, Claims claims) {
        this.memory = memory;
        this.claims = claims;
    }

    /**
     * The environment that begins in a cell, or null if the cell is not live at that version or is damaged: the caller tells
     * the two apart by looking whether the root has moved.
     */
    @Nullable
    EnvBlock read(int cell, long version) {
        if (cell <= 0 || cell >= FileLayout.CELLS) {
            return null;
        }
        long claim = claims.wordAcquire(cell);
        if (!ClaimWord.isLive(claim) || ClaimWord.version(claim) > version) {
            return null;
        }
        int slot = cell & (CACHED - 1);
        Decoded known = cache.getAcquire(slot);
        if (known != null && known.cell == cell && known.claim == claim) {
            return known.block;
        }
        EnvBlock block = decode(cell, claim);
        if (block != null) {
            cache.setRelease(slot, new Decoded(cell, claim, block));
        }
        return block;
    }

    /** Remembers a block that this process has just published. */
    void remember(int cell, long version, EnvBlock block) {
        cache.setRelease(cell & (CACHED - 1), new Decoded(cell, ClaimWord.live(version), block));
    }

    private @Nullable EnvBlock decode(int first, long claim) {
        long[] words = new long[CellLayout.PAYLOAD_WORDS];
        long[] cellWords = new long[CellLayout.PAYLOAD_WORDS];
        int count = 0;
        int cell = first;
        for (int length = 0; cell != 0; length++) {
            if (cell < 0 || cell >= FileLayout.CELLS || length == CellLayout.MAX_CHAIN) {
                return null;
            }
            long base = FileLayout.cellAt(cell);
            long link = memory.word(base + CellLayout.LINK_OFFSET);
            int used = (int) link;
            if (used <= 0 || used > CellLayout.PAYLOAD_WORDS) {
                return null;
            }
            memory.read(base + CellLayout.PAYLOAD_OFFSET, cellWords, used);
            long sum = memory.word(base + CellLayout.CHECKSUM_OFFSET);
            if (sum != checksum(link, cellWords, 0, used)) {
                return null;
            }
            StateMemory.endOfReads();
            if (claims.wordAcquire(cell) != claim) {
                return null; // the cells of a chain are published together, so they have the same claim word
            }
            if (count + used > words.length) {
                words = java.util.Arrays.copyOf(words, Math.max(words.length * 2, count + used));
            }
            System.arraycopy(cellWords, 0, words, count, used);
            count += used;
            cell = (int) (link >>> 32);
        }
        try {
            return EnvCodec.decode(words, count);
        } catch (IndexOutOfBoundsException | IllegalArgumentException damaged) {
            return null;
        }
    }

    /** How many cells that many words take. */
    static int cellsFor(int words) {
        return (words + CellLayout.PAYLOAD_WORDS - 1) / CellLayout.PAYLOAD_WORDS;
    }

    /** Writes the first words of an array into own cells, {@code count} of them from {@code from} on, chained in that order. */
    void write(long[] words, int size, int[] cells, int from, int count) {
        int at = 0;
        for (int i = 0; i < count; i++) {
            int used = Math.min(CellLayout.PAYLOAD_WORDS, size - at);
            long next = i + 1 < count ? cells[from + i + 1] : 0;
            long link = next << 32 | used;
            long base = FileLayout.cellAt(cells[from + i]);
            memory.word(base + CellLayout.LINK_OFFSET, link);
            memory.write(base + CellLayout.PAYLOAD_OFFSET, words, at, used);
            memory.word(base + CellLayout.CHECKSUM_OFFSET, checksum(link, words, at, used));
            at += used;
        }
    }

    /**
     * Frees the chain that begins in a cell to which the state of {@code version} was the last one to refer; one claim word
     * for all its cells. A damaged link ends the walk: what is left over is swept later.
     *
     * <p>A claim word above that version says that the chain was swept meanwhile, and the cell used again.
     */
    void freeChain(int first, long version) {
        long claim = claims.wordAcquire(first);
        if (!ClaimWord.isLive(claim) || ClaimWord.version(claim) > version) {
            return;
        }
        int cell = first;
        for (int length = 0; cell > 0 && cell < FileLayout.CELLS && length < CellLayout.MAX_CHAIN; length++) {
            int next = (int) (memory.word(FileLayout.cellAt(cell) + CellLayout.LINK_OFFSET) >>> 32);
            if (claims.wordAcquire(cell) != claim || !claims.free(cell, claim)) {
                return;
            }
            cell = next;
        }
        claims.hint(first);
    }

    /** Adds the cells of a chain to a set; false if the chain is not intact at that version. */
    boolean mark(int first, long version, java.util.BitSet marked) {
        long claim = claims.wordAcquire(first);
        if (!ClaimWord.isLive(claim) || ClaimWord.version(claim) > version) {
            return false;
        }
        int cell = first;
        for (int length = 0; cell != 0; length++) {
            if (cell < 0 || cell >= FileLayout.CELLS || length == CellLayout.MAX_CHAIN) {
                return false;
            }
            marked.set(cell);
            int next = (int) (memory.word(FileLayout.cellAt(cell) + CellLayout.LINK_OFFSET) >>> 32);
            StateMemory.endOfReads();
            if (claims.wordAcquire(cell) != claim) {
                return false;
            }
            cell = next;
        }
        return true;
    }

    private static long checksum(long link, long[] words, int from, int count) {
        return Checksum.add(Checksum.add(Checksum.start(), link, SALT), words, from, count, SALT + 1);
    }
}
