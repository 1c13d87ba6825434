// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import java.time.Duration;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Timespan;

/** Devices were attached to an environment, or that was refused. */
@Name("genv.Attach")
@Label("Devices Attached")
@Description("From the request to its grant or refusal, waiting included")
@Category("genv")
final class AttachEvent extends RequestEvent {
    private static final AttachEvent PROBE = new AttachEvent();

    @Label("GPUs Asked")
    @Description("How many devices were asked for; -1 for the configured number")
    int gpus;

    @Label("Index Asked")
    @Description("The device that was asked for; -1 for any")
    int index;

    @Label("Over-Subscribed")
    @Description("Whether devices that others have would do")
    boolean overSubscribed;

    @Label("Wait Limit")
    @Description("How long the request would wait")
    @Timespan(Timespan.NANOSECONDS)
    long waitLimit;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static RequestSpan of(String eid, int gpus, int index, boolean overSubscribed, Duration limit) {
        AttachEvent event = new AttachEvent();
        event.eid = eid;
        event.gpus = gpus;
        event.index = index;
        event.overSubscribed = overSubscribed;
        event.waitLimit = nanos(limit);
        return event;
    }
}
