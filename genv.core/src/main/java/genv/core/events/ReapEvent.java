// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.DeviceSet;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** Something that a dead process left was removed, by this process. */
@Name("genv.Reap")
@Label("Dead Process Removed")
@Description("What dead processes left was removed, or what a lease had; the process that found it says so")
@Category("genv")
@StackTrace(false)
final class ReapEvent extends Event {
    private static final ReapEvent PROBE = new ReapEvent();

    @Label("What")
    @Description("ENVIRONMENT, MEMBERS (others are still in it), LEASE (which was over), LOCK or REQUEST")
    @Nullable
    String what;

    @Label("Environment")
    @Description("Its identifier")
    @Nullable
    String eid;

    @Label("User")
    @Description("The owner of the environment; empty where it is not known")
    @Nullable
    String user;

    @Label("Pids")
    @Description("The dead processes")
    @Nullable
    String pids;

    @Label("Devices Freed")
    @Description("The indices of the devices that are not attached or locked any more")
    @Nullable
    String devices;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static void record(String what, String eid, String user, String pids, DeviceSet freed) {
        ReapEvent event = new ReapEvent();
        event.what = what;
        event.eid = eid;
        event.user = user;
        event.pids = pids;
        event.devices = Indices.text(freed);
        event.commit();
    }
}
