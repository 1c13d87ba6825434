// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import java.time.Duration;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Timespan;

/** An environment was activated, by a process or a task, or that was refused. */
@Name("genv.Activation")
@Label("Environment Activated")
@Description("From the request to its grant or refusal, waiting included")
@Category("genv")
final class ActivationEvent extends RequestEvent {
    private static final ActivationEvent PROBE = new ActivationEvent();

    @Label("GPUs Asked")
    @Description("How many devices were asked for")
    int gpus;

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

    static RequestSpan of(String eid, int gpus, boolean overSubscribed, Duration limit) {
        ActivationEvent event = new ActivationEvent();
        event.eid = eid;
        event.gpus = gpus;
        event.overSubscribed = overSubscribed;
        event.waitLimit = nanos(limit);
        return event;
    }
}
