// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.draft.Draft;
import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import genv.core.model.QueuedRequest;

/**
 * Who must be let go first: nobody is given a device that an earlier request waits for, and what earlier requests of a user
 * ask for counts against the user's limits as if they had it.
 *
 * <p>A request that could be served and is not taken up for half a second is <em>overdue</em>: its process is stopped, or so
 * busy that it might as well be. It keeps its place but is passed over until it wakes up, so that a stopped process keeps
 * what it holds and not what it might hold one day.
 *
 * <p>Times are those of the host's clock, which may have been set back since they were noted: what lies further ahead than half a
 * second is such a time, and long past like any other. So a clock that was set costs those behind a stopped process a second at most.
 *
 * <p>Whether a request that waits for a limit could be served is not in the state: limits are raised in a file. So it is asked
 * for a sign of life by whoever comes upon it, which its process gives by trying again, five times a second; it is overdue
 * when it has given none for half a second.
 */
final class Queue {
    static final long GRACE_MILLIS = 500;

    private Queue() {}

    /**
     * What earlier requests wait for, among those that compete with a kind.
     *
     * @param ticket the own place, or {@link Long#MAX_VALUE} for a request that is not in the queue
     */
    static DeviceSet waitedFor(Draft draft, long ticket, QueuedRequest.Kind kind) {
        return draft.waiterCount() == 0 ? DeviceSet.EMPTY : waitedFor(draft, ticket, kind, System.currentTimeMillis());
    }

    static DeviceSet waitedFor(Draft draft, long ticket, QueuedRequest.Kind kind, long now) {
        DeviceSet set = DeviceSet.EMPTY;
        for (int i = 0; i < draft.waiterCount() && draft.waiterTicket(i) < ticket; i++) {
            if (draft.waiterKind(i).competesWith(kind)) {
                if (isOverdue(draft, i, set, now)) {
                    draft.note(new Note.PassedOver(draft.waiter(i)));
                } else {
                    set = set.union(draft.waiterDevices(i));
                }
            }
        }
        return set;
    }

    /** What earlier requests of a user ask for, less those that are overdue. */
    static Usage askedBefore(Draft draft, long uid, long ticket) {
        Usage usage = Usage.NONE;
        DeviceSet before = DeviceSet.EMPTY;
        long now = System.currentTimeMillis();
        for (int i = 0; i < draft.waiterCount() && draft.waiterTicket(i) < ticket; i++) {
            if (draft.waiterKind(i) != QueuedRequest.Kind.DEVICES) {
                continue;
            }
            boolean isOverdue = isOverdue(draft, i, before, now);
            if (!isOverdue) {
                before = before.union(draft.waiterDevices(i));
            }
            if (!isOf(draft, i, uid)) {
                continue;
            }
            if (isOverdue) {
                draft.note(new Note.PassedOver(draft.waiter(i)));
            } else {
                usage = usage.plus(Usage.of(draft.waiterCount(i), draft.waiterShare(i)));
            }
        }
        return usage;
    }

    /**
     * Asks the process for a sign of life that is first among those for which the limits of a user hold a request up. The others
     * behind it do not matter as long as it gives one, so that one question serves all who wait.
     */
    static void askWhoIsBefore(Draft draft, long uid, long ticket) {
        long now = System.currentTimeMillis();
        boolean isFound = false;
        long first = 0;
        for (int i = 0; i < draft.waiterCount() && draft.waiterTicket(i) < ticket; i++) {
            if (!isLimited(draft, i) || !isOf(draft, i, uid)) {
                continue;
            }
            long asked = draft.millisSinceAsked(i, now);
            if (!isFound && asked < GRACE_MILLIS) {
                isFound = true;
                first = draft.waiterToken(i);
            }
            if (isFound && draft.waiterToken(i) == first && asked < 0) {
                draft.askWaiter(i, now); // also where the clock was set back since
            }
        }
    }

    /**
     * Whether an earlier request of a user stands in the queue as one that waits for a limit and is not overdue. Where the limits
     * allow a later one, which counts what that one asks for, they allow that one too: it only has not tried again yet.
     */
    static boolean isAnyLimitedBefore(Draft draft, long uid, long ticket) {
        long now = System.currentTimeMillis();
        for (int i = 0; i < draft.waiterCount() && draft.waiterTicket(i) < ticket; i++) {
            if (isLimited(draft, i) && isOf(draft, i, uid) && draft.millisSinceAsked(i, now) < GRACE_MILLIS) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOf(Draft draft, int position, long uid) {
        return draft.waiterUid(position) == (uid & 0xffff_ffffL);
    }

    private static boolean isLimited(Draft draft, int position) {
        return draft.waiterKind(position) == QueuedRequest.Kind.DEVICES
                && draft.waiterDevices(position).isEmpty();
    }

    private static boolean isOverdue(Draft draft, int position, DeviceSet before, long now) {
        if (isLimited(draft, position)) {
            return draft.millisSinceAsked(position, now) >= GRACE_MILLIS;
        }
        if (isRecent(now - draft.waiterSince(position))) {
            return false;
        }
        DeviceSet devices = draft.waiterDevices(position);
        for (int d = devices.next(0); d >= 0; d = devices.next(d + 1)) {
            if (isRecent(draft.millisSinceFreed(d, now))) {
                return false;
            }
        }
        return isServable(draft, position, devices, before);
    }

    /** Whether something happened a moment ago; a little ahead of now is what another process noted that has just read the clock. */
    private static boolean isRecent(long millisAgo) {
        return millisAgo > -GRACE_MILLIS && millisAgo < GRACE_MILLIS;
    }

    private static boolean isServable(Draft draft, int position, DeviceSet devices, DeviceSet before) {
        long share = draft.waiterShare(position);
        if (draft.waiterKind(position) != QueuedRequest.Kind.DEVICES) {
            return !devices.intersects(before) && LockRules.isFree(draft, devices, share, 0);
        }
        DeviceSet candidates = devices.minus(before);
        int room = 0;
        for (int d = candidates.next(0); d >= 0; d = candidates.next(d + 1)) {
            room += Placement.fits(draft.use(d), draft.use(d).total(), share) ? 1 : 0;
        }
        return room >= draft.waiterCount(position);
    }
}
