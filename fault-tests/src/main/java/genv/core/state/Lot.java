// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.api.EnvConfig;
import genv.core.draft.Draft;
import genv.core.layout.FileLayout;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A state of its own in a mapped file, and the processes that use it, each an object with a token.
 *
 * <p>jcstress makes very many states and needs few of them at a time. A state file is 29 MB, of which almost nothing is ever
 * touched; so {@value #COUNT} of them are mapped and lent out in turn, and each goes on where it was left, emptied. A test that still
 * uses a lot when it is lent again fails.
 */
final class Lot {
    /** The token of a process that is dead. */
    static final long DEAD = 9;

    /** A power of two, well above the number of states that the command line lets jcstress have at a time. */
    private static final int COUNT = 32;

    private static final AtomicLong NEXT = new AtomicLong();
    private static final @Nullable Lot[] LOTS = new @Nullable Lot[COUNT];
    private static final EnvBlock.Owner OWNER = new EnvBlock.Owner(1000, "somebody");

    final StateMemory memory;
    final Transitions one;
    final Transitions two;
    final Transitions three;
    private volatile long lent;

    private Lot() {
        memory = map();
        Transitions.initialise(memory, 1);
        one = process(1);
        two = process(2);
        three = process(3);
    }

    /** The next one, without environments; nobody else has it for the next {@value #COUNT} times. */
    static Lot take() {
        long number = NEXT.getAndIncrement();
        int index = (int) (number & (COUNT - 1));
        synchronized (LOTS) {
            Lot lot = LOTS[index];
            if (lot == null) {
                lot = new Lot();
                LOTS[index] = lot;
            }
            lot.lent = number;
            lot.three.transact(Lot::clear);
            return lot;
        }
    }

    /** When it was lent, for {@link #requireLentSince}. */
    long lent() {
        return lent;
    }

    /** Fails where there were more states at a time than lots. */
    void requireLentSince(long time) {
        if (lent != time) {
            throw new IllegalStateException(
                    "too many states at a time: let jcstress have fewer (-strideSize, -strideCount)");
        }
    }

    private Transitions process(long token) {
        return new Transitions(
                memory,
                token,
                owner -> owner != DEAD,
                new Transitions.Surroundings(
                        "jcstress", began -> true, (offset, length) -> {}, (sleeper, ticket) -> {}, notes -> {}));
    }

    private static StateMemory map() {
        try {
            Path file = Files.createTempFile("genv-races", ".state");
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                return new StateMemory(
                        channel.map(FileChannel.MapMode.READ_WRITE, 0, FileLayout.FILE_SIZE, Arena.global()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Claim words of the records as the process of a token sees them. */
    Claims recordClaims(long token) {
        return new Claims(memory, FileLayout.RECORD_CLAIM_OFFSET, FileLayout.RECORD_CLAIM_STRIDE, token, 0);
    }

    /** The cells as a process sees them that has read none yet. */
    Cells freshCells(long token) {
        return new Cells(memory, cellClaims(token));
    }

    /** Claim words of the cells as the process of a token sees them. */
    Claims cellClaims(long token) {
        return new Claims(memory, FileLayout.CELL_CLAIM_OFFSET, FileLayout.CELL_CLAIM_STRIDE, token, 1);
    }

    /** Removes all environments, locks and requests. */
    static int clear(Draft draft) {
        int count = draft.envCount();
        for (int i = count - 1; i >= 0; i--) {
            draft.remove(draft.env(i));
        }
        return count;
    }

    static EnvBlock env(Draft draft, String eid, String name, long token) {
        return EnvBlock.create(
                draft.nextVersion(),
                eid,
                OWNER,
                1_700_000_000_000L,
                EnvConfig.builder().name(name).build(),
                Member.seated(token, 4242, 1));
    }
}
