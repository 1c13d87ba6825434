// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.QueuedRequest;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timestamp;
import org.jspecify.annotations.Nullable;

/** A waiting request was passed over, since its process does not take up what it could have. */
@Name("genv.Overdue")
@Label("Request Passed Over")
@Description(
        "A request in front could be served and was not taken up for half a second: its process is stopped, or busy")
@Category("genv")
@StackTrace(false)
final class OverdueEvent extends Event {
    private static final OverdueEvent PROBE = new OverdueEvent();

    @Label("Environment")
    @Description("The identifier of the environment that the request is for")
    @Nullable
    String eid;

    @Label("Pid")
    @Description("The process that does not take it up")
    long pid;

    @Label("Devices")
    @Description("The indices of the devices that would do, or that were to be locked")
    @Nullable
    String devices;

    @Label("Since")
    @Description("When it began to wait")
    @Timestamp(Timestamp.MILLISECONDS_SINCE_EPOCH)
    long since;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static void record(QueuedRequest request) {
        OverdueEvent event = new OverdueEvent();
        event.eid = request.eid();
        event.pid = request.pid();
        event.devices = Indices.text(request.devices());
        event.since = request.since();
        event.commit();
    }
}
