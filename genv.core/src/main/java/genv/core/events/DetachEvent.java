// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;

/** Devices were detached from an environment. Those that remain are in {@code devices}. */
@Name("genv.Detach")
@Label("Devices Detached")
@Description("The devices that remain are shown")
@Category("genv")
final class DetachEvent extends RequestEvent {
    private static final DetachEvent PROBE = new DetachEvent();

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static RequestSpan of(String eid) {
        DetachEvent event = new DetachEvent();
        event.eid = eid;
        return event;
    }
}
