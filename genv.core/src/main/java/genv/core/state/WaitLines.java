// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.model.DeviceSet;
import genv.core.model.QueuedRequest;
import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * Who comes first of those that wait. Those who want devices and those who want locks stand in lines of their own; in each, whoever
 * wants a device comes before those behind that want it as well.
 */
final class WaitLines {
    static final long[] NOBODY = {};

    private final WaiterRows waiters;
    private final HolderRows holders;

    WaitLines(WaiterRows waiters, HolderRows holders) {
        this.waiters = waiters;
        this.holders = holders;
    }

    /**
     * Those that nobody comes before, each as its token and its ticket.
     *
     * @param token whose requests, or 0 for everybody's
     * @param passLocked whether to leave out those that wait for a lock that somebody holds
     * @param also who is added wherever it stands, by the position in the queue
     */
    long[] first(long token, boolean passLocked, IntPredicate also) {
        int count = waiters.count();
        if (count == 0) {
            return NOBODY;
        }
        long[] pairs = new long[2 * count];
        int used = 0;
        DeviceSet deviceLine = DeviceSet.EMPTY;
        DeviceSet lockLine = DeviceSet.EMPTY;
        for (int i = 0; i < count; i++) {
            boolean forDevices = waiters.kind(i) == QueuedRequest.Kind.DEVICES;
            DeviceSet line = forDevices ? deviceLine : lockLine;
            DeviceSet wanted = waiters.devices(i);
            boolean isFirst = !line.intersects(wanted)
                    && (forDevices || !passLocked || !holders.excludes(wanted, waiters.share(i)));
            if ((token == 0 || waiters.token(i) == token) && (isFirst || also.test(i))) {
                pairs[used++] = waiters.token(i);
                pairs[used++] = waiters.ticket(i);
            }
            if (forDevices) {
                deviceLine = line.union(wanted);
            } else {
                lockLine = line.union(wanted);
            }
        }
        return Arrays.copyOf(pairs, used);
    }

    /** Whether a request waits and nobody comes before it. */
    boolean isFirst(long ticket) {
        int at = waiters.positionOf(ticket);
        if (at < 0) {
            return false;
        }
        QueuedRequest.Kind kind = waiters.kind(at);
        DeviceSet wanted = waiters.devices(at);
        for (int i = 0; i < at; i++) {
            if (waiters.kind(i).competesWith(kind) && waiters.devices(i).intersects(wanted)) {
                return false;
            }
        }
        return true;
    }
}
