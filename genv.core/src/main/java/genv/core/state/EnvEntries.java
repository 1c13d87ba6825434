// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.api.GenvException;
import genv.core.layout.Checksum;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.model.EidHash;
import genv.core.model.EnvBlock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The environments that a record's image refers to: entries of a hash and a cell, ascending by the hash, taken as unsigned. Those
 * that the draft has made are {@link #fresh} until it is published, and their entries name a place there in place of a cell.
 */
final class EnvEntries {
    /** The cell number of an environment that is not written yet: this bit and its place among {@link #fresh}. */
    private static final long FRESH = 0x8000_0000L;

    private static final long LOW_HALF = 0xffff_ffffL;

    private final StateMemory memory;
    private final Cells cells;
    private final RecordImage image;
    private final List<EnvBlock> fresh = new ArrayList<>();
    private int[] freshCells = new int[4];
    private int[] replaced = new int[8];
    private int replacedCount;
    /** That of the state which the run began on. */
    private long root;

    EnvEntries(StateMemory memory, Cells cells, RecordImage image) {
        this.memory = memory;
        this.cells = cells;
        this.image = image;
    }

    /** Begins a run on the image of the record of that root word. */
    void begin(long newRoot) {
        root = newRoot;
        fresh.clear();
        replacedCount = 0;
    }

    int count() {
        return image.envCount;
    }

    /**
     * The environment at a position.
     *
     * @throws RaceLost if its cell was reused meanwhile
     * @throws DamagedState if it cannot be read
     */
    EnvBlock get(int position) {
        long entry = image.envs[position];
        long cell = entry & LOW_HALF;
        if ((cell & FRESH) != 0) {
            return fresh.get((int) (cell & ~FRESH));
        }
        EnvBlock block = cells.read((int) cell, RootWord.version(root));
        if (block != null && block.hash() == (int) (entry >>> 32)) {
            return block;
        }
        if (memory.rootAcquire() != root) {
            throw RaceLost.INSTANCE;
        }
        throw new DamagedState("an environment cannot be read: cell=" + cell + " version=" + RootWord.version(root));
    }

    @Nullable
    EnvBlock find(String eid) {
        int hash = EidHash.of(eid);
        for (int i = firstOf(hash); hasHash(i, hash); i++) {
            EnvBlock block = get(i);
            if (block.eid().equals(eid)) {
                return block;
            }
        }
        return null;
    }

    @Nullable
    EnvBlock find(int hash, long id) {
        for (int i = firstOf(hash); hasHash(i, hash); i++) {
            EnvBlock block = get(i);
            if (block.id() == id) {
                return block;
            }
        }
        return null;
    }

    /**
     * Adds one whose identifier no other has.
     *
     * @throws GenvException if there are too many
     */
    void add(EnvBlock block) {
        if (image.envCount == RecordLayout.MAX_ENVS) {
            throw new GenvException("too many environments: limit=" + RecordLayout.MAX_ENVS
                    + "; wait until some have ended, or use another state directory (GENV_TMPDIR)");
        }
        image.roomForEnv();
        int at = firstOf(block.hash());
        System.arraycopy(image.envs, at, image.envs, at + 1, image.envCount - at);
        image.envCount++;
        image.envs[at] = (long) block.hash() << 32 | FRESH | fresh.size();
        fresh.add(block);
    }

    /** Replaces the one of the same identifier, and returns that; null if there is none. */
    @Nullable
    EnvBlock replace(EnvBlock block) {
        int hash = block.hash();
        for (int i = firstOf(hash); hasHash(i, hash); i++) {
            EnvBlock old = get(i);
            if (old.eid().equals(block.eid())) {
                set(i, block);
                return old;
            }
        }
        return null;
    }

    private void set(int position, EnvBlock block) {
        long entry = image.envs[position];
        if ((entry & FRESH) != 0) {
            fresh.set((int) (entry & LOW_HALF & ~FRESH), block);
        } else {
            retire(position);
            image.envs[position] = (entry & ~LOW_HALF) | FRESH | fresh.size();
            fresh.add(block);
        }
    }

    /** Removes the one of an identity, and returns it; null if there is none. */
    @Nullable
    EnvBlock remove(int hash, long id) {
        for (int i = firstOf(hash); hasHash(i, hash); i++) {
            EnvBlock old = get(i);
            if (old.id() == id) {
                retire(i);
                System.arraycopy(image.envs, i + 1, image.envs, i, image.envCount - i - 1);
                image.envCount--;
                return old;
            }
        }
        return null;
    }

    private void retire(int position) {
        long cell = image.envs[position] & LOW_HALF;
        if ((cell & FRESH) != 0) {
            throw new IllegalStateException("an environment is created and removed in one transition");
        }
        if (replacedCount == replaced.length) {
            replaced = Arrays.copyOf(replaced, replacedCount * 2);
        }
        replaced[replacedCount++] = (int) cell;
        image.envSum -= Checksum.ofMember(image.envs[position]);
    }

    // ---- publishing ------------------------------------------------------------------------------------------------

    /** Those that are to be written. */
    List<EnvBlock> fresh() {
        return fresh;
    }

    /** Puts the cell in which a fresh environment was written into its entry. */
    void settle(int place, int cell) {
        if (place >= freshCells.length) {
            freshCells = Arrays.copyOf(freshCells, place * 2);
        }
        freshCells[place] = cell;
        int at = firstOf(fresh.get(place).hash());
        long wanted = FRESH | place;
        while ((image.envs[at] & LOW_HALF) != wanted) {
            at++;
        }
        image.envs[at] = (image.envs[at] & ~LOW_HALF) | cell;
        image.envSum += Checksum.ofMember(image.envs[at]);
    }

    /** Spares this process decoding what it has just published. */
    void remember(long version) {
        for (int i = 0; i < fresh.size(); i++) {
            cells.remember(freshCells[i], version, fresh.get(i));
        }
    }

    /** Frees the cells of those that are no more. */
    void freeReplaced(long version) {
        for (int i = 0; i < replacedCount; i++) {
            cells.freeChain(replaced[i], version);
        }
    }

    // ---- places ----------------------------------------------------------------------------------------------------

    private boolean hasHash(int position, int hash) {
        return position < image.envCount && (int) (image.envs[position] >>> 32) == hash;
    }

    /** The position of the first entry whose hash is not below. */
    private int firstOf(int hash) {
        int low = 0;
        int high = image.envCount;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Integer.compareUnsigned((int) (image.envs[middle] >>> 32), hash) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
