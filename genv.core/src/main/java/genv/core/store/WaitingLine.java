// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.draft.Draft;
import genv.core.draft.Edit;
import genv.core.events.FlightEvents;
import genv.core.events.QueueSpan;
import genv.core.layout.RecordLayout;
import genv.core.limits.LimitsFile;
import genv.core.model.DeviceSet;
import genv.core.model.QueuedRequest;
import genv.core.rules.LeaseRules;
import genv.core.rules.Limits;
import genv.core.rules.Outcome;
import genv.core.waiting.Gate;
import genv.core.waiting.WaitLimit;
import genv.core.waiting.WaitRoom;
import genv.core.waiting.Waiting;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How the requests of this process stand in the queue of the host: through the gate, into a row, until they are served. */
final class WaitingLine {
    private final WaitRoom room;
    private final StateAccess state;
    private final Gate<Lane> gate = new Gate<>();

    WaitingLine(WaitRoom room, StateAccess state) {
        this.room = room;
        this.state = state;
    }

    /** What a request that waits does with the state. */
    interface StateAccess {
        <T extends @Nullable Object> T transact(Edit<T> edit);

        long nextTicket();

        /** What the owner of the host allows, or an exception that says why that cannot be used. */
        Limits.OfUsers usable(LimitsFile.Reading reading);

        IllegalStateException closedWhileWaiting();
    }

    /**
     * Who waits for the same thing, in which nobody can be served before an earlier one.
     *
     * @param uid of requests that wait for what the owner of the host allows: whose limit it is; otherwise 0
     * @param share of these: what they need of each device, since that decides which devices they will wait for then
     */
    private record Lane(boolean devices, DeviceSet set, long uid, long share) {
        static Lane of(QueuedRequest request) {
            return new Lane(
                    request.kind() == QueuedRequest.Kind.DEVICES,
                    request.devices(),
                    request.isLimited() ? request.by().uid() : 0,
                    request.isLimited() ? request.share() : 0);
        }
    }

    /** A request that may wait: tried once, and again with its ticket whenever something was freed. */
    @FunctionalInterface
    interface Attempt<T> {
        Outcome<T> apply(Draft draft, long ticket);
    }

    /** A request that waits. For one thread. */
    private static final class Tries<T> {
        final Supplier<LimitsFile.Reading> readings;
        final Function<LeaseRules, Attempt<T>> attempts;
        final Gate<Lane>.Pass pass;

        @Nullable
        QueueSpan span;
        /** How it stands in the queue, or is about to. */
        QueuedRequest request;
        /** Whether nobody came before it at the last try. */
        boolean isFirst;
        /** Who was put into the queue in its place by the last try. */
        Gate<Lane>.@Nullable Pass next;
        /** Whether the last try took it out of the queue. */
        boolean hasLeft;

        Tries(Supplier<LimitsFile.Reading> readings, Function<LeaseRules, Attempt<T>> attempts, Gate<Lane>.Pass pass) {
            this.readings = readings;
            this.attempts = attempts;
            this.pass = pass;
            this.request = pass.request();
        }
    }

    /** Has a request wait that was refused for now. */
    <T> Outcome<T> await(
            WaitLimit limit,
            Supplier<LimitsFile.Reading> readings,
            Function<LeaseRules, Attempt<T>> attempts,
            Outcome.Busy<T> first)
            throws InterruptedException {
        WaitLimit.Deadline deadline = limit.start();
        Gate<Lane>.Pass pass =
                gate.enter(Lane.of(first.request()), () -> first.request().at(state.nextTicket()));
        Tries<T> tries = new Tries<>(readings, attempts, pass);
        try (QueueSpan span = FlightEvents.queueWait(tries.request.ticket(), tries.request)) {
            if (!pass.await(limit, deadline)) {
                return first;
            }
            tries.span = span;
            Outcome<T> outcome = awaitTurn(limit, deadline, tries);
            LongWaits.tell(pass.request(), deadline.started(), outcome instanceof Outcome.Granted);
            return outcome;
        } finally {
            leave(tries);
        }
    }

    /** Takes a request out of the queue, unless it was when it was served, and lets the next one at the gate through. */
    private void leave(Tries<?> tries) {
        try (Gate<Lane>.Pass pass = tries.pass) { // lets the next one through in any case
            if (!pass.leave() || room.isClosed()) {
                return;
            }
            Gate<Lane>.Pass next = tries.next;
            boolean hasLeft = tries.hasLeft;
            while (!hasLeft || !pass.handTo(next)) {
                Gate<Lane>.Pass stale = next;
                next = state.transact(draft -> {
                    if (stale != null && stale.isGone()) {
                        draft.dequeue(stale.request().ticket());
                    }
                    return replace(draft, pass);
                });
                hasLeft = true;
            }
        } catch (IllegalStateException failure) {
            if (!room.isClosed()) { // otherwise closing has taken it out, and what it was given stands
                throw failure;
            }
        }
    }

    /** Takes a request out of the queue and puts the next one of its lane in; gives that one, or null. */
    private static Gate<Lane>.@Nullable Pass replace(Draft draft, Gate<Lane>.Pass pass) {
        draft.dequeue(pass.request().ticket());
        Gate<Lane>.Pass next = pass.next();
        if (next != null
                && !draft.isQueued(next.request())
                && draft.waiterCount() < RecordLayout.MAX_WAITERS) { // otherwise it is told so when it comes itself
            draft.enqueue(next.request());
            draft.withhold(next.request().devices()); // it could not take them up before, however long it waits
        }
        return next;
    }

    private <T> Outcome<T> awaitTurn(WaitLimit limit, WaitLimit.Deadline deadline, Tries<T> tries)
            throws InterruptedException {
        try (Waiting waiting = room.enter(tries.request.ticket(), limit)) {
            while (true) {
                if (room.isClosed()) {
                    throw state.closedWhileWaiting();
                }
                waiting.reset();
                LimitsFile.Reading reading = tries.readings.get();
                if (reading.failure() != null && deadline.remaining() > 0) {
                    state.transact(draft -> withhold(draft, tries.request));
                    tries.isFirst = false;
                } else {
                    Outcome<T> outcome = tryOnce(tries, LeaseRules.of(state.usable(reading)));
                    if (!(outcome instanceof Outcome.Busy) || deadline.remaining() <= 0) {
                        return outcome;
                    }
                }
                waiting.await(deadline.remaining(), tries.isFirst);
            }
        }
    }

    private <T> Outcome<T> tryOnce(Tries<T> tries, LeaseRules leases) {
        Attempt<T> attempt = tries.attempts.apply(leases);
        long ticket = tries.request.ticket();
        Outcome<T> outcome = state.transact(draft -> {
            tries.next = null; // of a run that was lost
            Outcome<T> result = attempt.apply(draft, ticket);
            if (result instanceof Outcome.Busy<T> busy) {
                stay(draft, busy.request());
            } else {
                tries.next = replace(draft, tries.pass);
            }
            tries.isFirst = draft.isFirstInLine(ticket);
            return result;
        });
        tries.hasLeft = !(outcome instanceof Outcome.Busy);
        if (tries.span != null) {
            tries.span.tried(outcome instanceof Outcome.Granted);
        }
        if (outcome instanceof Outcome.Busy<T> busy) {
            tries.request = busy.request();
        }
        return outcome;
    }

    /**
     * While the limits cannot be read nothing is given out. The request keeps its place, also for a while after that, since what
     * it could not be given counts as having just been freed.
     */
    private static @Nullable Void withhold(Draft draft, QueuedRequest request) {
        stay(draft, request);
        draft.withhold(request.devices());
        return null;
    }

    private static void stay(Draft draft, QueuedRequest request) {
        if (!draft.isQueued(request)) {
            draft.enqueue(request);
        }
    }
}
