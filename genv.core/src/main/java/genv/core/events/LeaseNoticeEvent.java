// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** The end of a lease was announced, in a process of its environment. */
@Name("genv.LeaseNotice")
@Label("Lease About to End")
@Description("The end of a lease was announced to this process, which can renew it")
@Category("genv")
@StackTrace(false)
final class LeaseNoticeEvent extends Event {
    private static final LeaseNoticeEvent PROBE = new LeaseNoticeEvent();

    @Label("Environment")
    @Description("Its identifier")
    @Nullable
    String eid;

    @Label("Devices")
    @Description("The indices of the devices that will be taken back")
    @Nullable
    String devices;

    @Label("Left")
    @Description("How long the lease lasted then, if it was not renewed")
    @Timespan(Timespan.MILLISECONDS)
    long left;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static void record(String eid, String devices, long left) {
        LeaseNoticeEvent event = new LeaseNoticeEvent();
        event.eid = eid;
        event.devices = devices;
        event.left = left;
        event.commit();
    }
}
