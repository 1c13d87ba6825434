// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.api.LockMode;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;

/** A device lock was taken, or could not be had at once or in time. */
@Name("genv.LockWait")
@Label("Device Lock Wait")
@Description("From the request of a device lock until it was had or given up")
@Category("genv")
@Threshold("1 ms")
final class LockWaitEvent extends RequestEvent {
    private static final LockWaitEvent PROBE = new LockWaitEvent();

    @Label("Mode")
    @Description("EXCLUSIVE or SHARE")
    String mode = "";

    @Label("Wait Limit")
    @Description("How long the request would wait")
    @Timespan(Timespan.NANOSECONDS)
    long waitLimit;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static RequestSpan of(String eid, LockMode mode, long limitNanos) {
        LockWaitEvent event = new LockWaitEvent();
        event.eid = eid;
        event.mode = mode.name();
        event.waitLimit = limitNanos;
        return event;
    }
}
