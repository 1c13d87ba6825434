// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.os.SteadyPause;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The drafts of one process: kept from one transition to the next, and telling whether one is under way.
 *
 * <p>A thread takes the draft of its slot, or a spare one where another thread has that. So a slot is empty (never used), has its
 * draft, or is taken; and there is no transition if no slot is taken and there are no spare ones. Both are written by atomic
 * operations before a transition looks at anything else: whoever says that there are to be no more, and then finds none, can
 * rely on it.
 */
final class DraftPool {
    private static final int SLOTS = 16;
    private static final long LOOK_NANOS = 20_000;

    private final Supplier<RecordDraft> maker;
    private final AtomicReferenceArray<@Nullable RecordDraft> slots = new AtomicReferenceArray<>(SLOTS);
    private final AtomicInteger spare = new AtomicInteger();

    /** In the slots that are taken. */
    private final RecordDraft taken;

    DraftPool(Supplier<RecordDraft> maker) {
        this.maker = maker;
        this.taken = maker.get();
    }

    RecordDraft borrow() {
        RecordDraft draft = slots.getAndSet(slot(), taken);
        return draft != null && draft != taken ? draft : make(draft == taken);
    }

    private RecordDraft make(boolean isSpare) {
        if (isSpare) {
            spare.incrementAndGet();
        }
        boolean done = false;
        try {
            RecordDraft made = maker.get();
            made.isSpare = isSpare;
            done = true;
            return made;
        } finally {
            if (!done && isSpare) { // for want of memory: nothing is borrowed
                spare.decrementAndGet();
            } else if (!done) {
                slots.set(slot(), null);
            }
        }
    }

    /** Takes back what the same thread has borrowed. */
    void giveBack(RecordDraft draft) {
        if (draft.isSpare) {
            spare.decrementAndGet();
        } else {
            slots.setRelease(slot(), draft);
        }
    }

    /** Waits until no draft is borrowed, or until a time of {@link System#nanoTime()}. */
    void awaitAllBack(long deadline) {
        try (SteadyPause pause = new SteadyPause()) {
            while (!areAllBack() && System.nanoTime() - deadline < 0) {
                pause.during(LOOK_NANOS);
            }
        }
    }

    private boolean areAllBack() {
        if (spare.get() != 0) {
            return false;
        }
        for (int i = 0; i < SLOTS; i++) {
            if (slots.get(i) == taken) {
                return false;
            }
        }
        return true;
    }

    private static int slot() {
        return (int) Thread.currentThread().threadId() & (SLOTS - 1);
    }
}
