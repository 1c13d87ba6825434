// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.core.layout.ClaimWord;
import genv.core.layout.FileLayout;
import genv.core.layout.RootWord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Looks at a state file when nobody uses it any more: whether every record and every cell can be had again.
 *
 * @param owned claimed by processes that died; whoever needs one finds it
 * @param unreferenced live, but in an old state; the same
 */
record Leftovers(int owned, int unreferenced) {
    /** Counts, and refuses what could never be had again, in a directory without any living process or environment. */
    static Leftovers in(Path directory) throws IOException {
        ByteBuffer words = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("genv.state")))
                .order(ByteOrder.nativeOrder());
        long root = words.getLong((int) FileLayout.ROOT_OFFSET);
        int owned = 0;
        int unreferenced = 0;
        for (int i = 0; i < FileLayout.RECORDS + FileLayout.CELLS; i++) {
            int record = i - FileLayout.CELLS;
            long at = record < 0
                    ? FileLayout.CELL_CLAIM_OFFSET + i * FileLayout.CELL_CLAIM_STRIDE
                    : FileLayout.RECORD_CLAIM_OFFSET + record * FileLayout.RECORD_CLAIM_STRIDE;
            long word = words.getLong((int) at);
            if (record == RootWord.record(root)) {
                require(ClaimWord.isLive(word), "the current record is not live", i, word, root);
            } else if (ClaimWord.isOwned(word)) {
                owned++;
                require(
                        ClaimWord.token(word) <= words.getLong((int) FileLayout.TOKEN_OFFSET),
                        "owned by a process that never was",
                        i,
                        word,
                        root);
            } else if (ClaimWord.isLive(word)) {
                unreferenced++;
                // one above: stamped by a process that died before it could publish; the next publication decides it
                require(
                        ClaimWord.version(word) <= RootWord.version(root) + 1,
                        "live since a version that is far away",
                        i,
                        word,
                        root);
            }
        }
        return new Leftovers(owned, unreferenced);
    }

    private static void require(boolean condition, String fact, int number, long word, long root) {
        if (!condition) {
            throw new AssertionError(fact + ": "
                    + (number < FileLayout.CELLS ? "cell=" + number : "record=" + (number - FileLayout.CELLS))
                    + " claim=0x" + Long.toHexString(word) + " root=0x"
                    + Long.toHexString(root));
        }
    }
}
