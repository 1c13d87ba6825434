// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.DevicesUnavailableException;
import genv.api.InterruptedWaitException;
import genv.api.Snapshot;
import genv.core.events.RequestSpan;
import genv.core.model.EnvBlock;
import genv.core.rules.Outcome;
import genv.core.waiting.WaitLimit;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes of the outcome of a request for devices what its caller is told: the environment, or an exception with the reasons. */
final class Grants {
    private final HostInventory inventory;
    private final Supplier<Snapshot> snapshot;

    /** {@code snapshot}: shows who is in the way of a request that is refused. */
    Grants(HostInventory inventory, Supplier<Snapshot> snapshot) {
        this.inventory = inventory;
        this.snapshot = snapshot;
    }

    /** A request of the store that may wait. */
    @FunctionalInterface
    interface Waitable {
        Outcome<EnvBlock> within(WaitLimit limit) throws InterruptedException;
    }

    /**
     * Has a request served.
     *
     * @param what what is done, for messages
     * @param span the event that records it, or null
     */
    EnvBlock granted(Waitable operation, Duration wait, String what, @Nullable RequestSpan span) {
        return span == null
                ? granted(operation, wait, what, outcome -> {})
                : span.record(() -> granted(operation, wait, what, outcome -> recorded(span, outcome)));
    }

    private DevicesUnavailableException refused(Outcome<EnvBlock> outcome, Duration waited) {
        return switch (outcome) {
            case Outcome.Never<EnvBlock> never -> Unavailable.of(never, snapshot.get());
            case Outcome.Busy<EnvBlock> busy -> Unavailable.of(busy, snapshot.get(), waited);
            case Outcome.Granted<EnvBlock> _ -> throw new IllegalArgumentException("granted");
        };
    }

    private static void recorded(RequestSpan span, Outcome<EnvBlock> outcome) {
        switch (outcome) {
            case Outcome.Granted<EnvBlock>(EnvBlock block) -> span.granted(block.eid(), block.devices());
            case Outcome.Busy<EnvBlock> _ -> span.busy();
            case Outcome.Never<EnvBlock> _ -> span.never();
        }
    }

    private EnvBlock granted(Waitable operation, Duration wait, String what, Consumer<Outcome<EnvBlock>> decided) {
        long start = wait.isZero() ? 0 : System.nanoTime();
        try {
            Outcome<EnvBlock> outcome = operation.within(WaitLimit.of(wait));
            if (outcome instanceof Outcome.Never && inventory.refresh()) {
                outcome = operation.within(WaitLimit.of(wait)); // the host has other devices by now
            }
            decided.accept(outcome);
            if (outcome instanceof Outcome.Granted<EnvBlock>(EnvBlock block)) {
                return block;
            }
            throw refused(
                    outcome,
                    wait.isZero() ? Duration.ZERO : Duration.ofMillis((System.nanoTime() - start) / 1_000_000));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedWaitException(
                    "interrupted while " + what + "; nothing was changed: the thread's interrupt status is set", e);
        }
    }
}
