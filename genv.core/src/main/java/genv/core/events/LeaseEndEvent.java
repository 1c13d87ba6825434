// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A lease has run out, of which a process of its environment was told. */
@Name("genv.LeaseEnd")
@Label("Lease Run Out")
@Description("A lease of an environment that this process is in has run out: its devices and locks were taken back")
@Category("genv")
@StackTrace(false)
final class LeaseEndEvent extends Event {
    private static final LeaseEndEvent PROBE = new LeaseEndEvent();

    @Label("Environment")
    @Description("Its identifier")
    @Nullable
    String eid;

    @Label("Devices")
    @Description("The indices of the devices that were taken back, as far as this process knows them")
    @Nullable
    String devices;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static void record(String eid, String devices) {
        LeaseEndEvent event = new LeaseEndEvent();
        event.eid = eid;
        event.devices = devices;
        event.commit();
    }
}
