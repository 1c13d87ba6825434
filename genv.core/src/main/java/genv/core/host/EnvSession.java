// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.EnvConfig;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.os.BootClock;
import genv.core.rules.EnvRules;
import genv.core.rules.LeaseRules;
import genv.core.rules.PolicyCall;
import genv.core.store.Store;
import genv.core.waiting.WaitLimit;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An environment that this process is in, with what was last seen of it.
 *
 * <p>What is asked most often is answered from memory as long as the root word has not moved: no copy, no allocation.
 * Thread-safe.
 */
final class EnvSession {
    private static final long NEVER_SEEN = -1;

    private final Supplier<Store> store;
    private final String eid;
    private final Optional<String> optionalEid;
    private final EnvRules.@Nullable Key key;

    // seenRoot is written after view and read before it, so a view is never older than the root that it is taken for
    private volatile View view = View.ENDED;
    private volatile long seenRoot = NEVER_SEEN;

    /**
     * What was seen of the environment.
     *
     * @param afterLease what it is once the lease that runs is over, or null where none runs
     */
    record View(
            @Nullable EnvBlock block,
            List<Integer> devices,
            EnvConfig config,
            @Nullable View afterLease) {
        static final View ENDED = new View(null, List.of(), EnvConfig.empty(), null);

        static View of(EnvBlock block) {
            View afterLease = LeaseEnds.isRunning(block) ? of(block.expired()) : null;
            return new View(block, block.devices().toList(), block.config(), afterLease);
        }

        /** What it is by the clock, which is asked only where a lease runs. */
        View now() {
            View after = afterLease;
            return after != null && block != null && LeaseRules.isOver(block, BootClock::millis) ? after : this;
        }
    }

    /** An environment that this process inherited: known by its identifier alone. */
    static EnvSession inherited(Supplier<Store> store, String eid) {
        return new EnvSession(store, eid, null);
    }

    /** An environment that this process is a member of. */
    static EnvSession of(Store store, EnvBlock block) {
        EnvSession session = new EnvSession(() -> store, block.eid(), EnvRules.Key.of(block));
        session.view = View.of(block);
        return session;
    }

    private EnvSession(Supplier<Store> store, String eid, EnvRules.@Nullable Key key) {
        this.store = store;
        this.eid = eid;
        this.optionalEid = Optional.of(eid);
        this.key = key;
    }

    String eid() {
        return eid;
    }

    Optional<String> optionalEid() {
        return optionalEid;
    }

    Store store() {
        return store.get();
    }

    /** What the environment is now: without devices from the end of its lease on, whether or not they were taken back. */
    View view() {
        return inState().now();
    }

    /** The environment as the state has it: with devices whose lease is over, as long as nobody has taken them back. */
    @Nullable
    EnvBlock blockInState() {
        return inState().block();
    }

    private View inState() {
        PolicyCall.refuse(); // whoever looks may hold the monitor, and wait for the state
        View known = unchanged();
        return known != null ? known : look();
    }

    /** What was seen last, if the state is the same; or null. */
    private @Nullable View unchanged() {
        long seen = seenRoot;
        View known = view;
        try {
            return seen != NEVER_SEEN && store.get().rootAcquire() == seen ? known : null;
        } catch (InternalError pageLost) {
            return null; // the file was cut short: looking says so
        }
    }

    /** Whether this process was started in it, and so is in it for good. */
    boolean isInherited() {
        return key == null;
    }

    DeviceSet devices() {
        EnvBlock block = view().block();
        return block == null ? DeviceSet.EMPTY : block.devices();
    }

    /** When its lease ends; empty where none runs. */
    Optional<Instant> leaseEnd() {
        EnvBlock block = view().block();
        return block != null && LeaseEnds.isRunning(block) ? Optional.of(LeaseEnds.instant(block)) : Optional.empty();
    }

    /** Where the environment is found in the state. Throws if it has ended. */
    EnvRules.Key key() {
        EnvRules.Key known = key;
        return known != null ? known : EnvRules.Key.of(EnvRules.require(view().block(), eid));
    }

    /**
     * Where the environment is found in the state, or null if it has ended, waiting for the state as long as the store does
     * that reads within a limit.
     *
     * @throws TimeoutException if it could not be found out within the limit
     */
    EnvRules.@Nullable Key find(WaitLimit limit, WaitLimit.Deadline deadline)
            throws InterruptedException, TimeoutException {
        if (key != null) {
            return key;
        }
        PolicyCall.refuse();
        View known = unchanged();
        // not by looking: others may hold the monitor, and wait without a limit
        EnvBlock block = known != null ? known.block() : store.get().read(draft -> draft.find(eid), limit, deadline);
        return block == null ? null : EnvRules.Key.of(block);
    }

    private synchronized View look() {
        return store.get().read(draft -> {
            EnvBlock block = key == null ? draft.find(eid) : draft.find(key.hash(), key.id());
            View known = view;
            if (block != known.block()) {
                known = block == null ? View.ENDED : View.of(block);
                view = known;
            }
            seenRoot = draft.root();
            return known;
        });
    }
}
