// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.Holder;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** A device lock was held. Nested and concurrent locks of one environment in one process are one hold. */
@Name("genv.LockHold")
@Label("Device Lock Held")
@Description(
        "From the taking of a device lock until its release, or its loss with a lease; nested ones of a process and"
                + " environment are one")
@Category("genv")
@Threshold("1 ms")
final class LockHoldEvent extends Event implements Span {
    private static final LockHoldEvent PROBE = new LockHoldEvent();

    @Label("Environment")
    @Description("Its identifier")
    @Nullable
    String eid;

    @Label("Mode")
    @Description("EXCLUSIVE or SHARE")
    @Nullable
    String mode;

    @Label("Devices")
    @Description("The indices of the devices that were locked at first")
    @Nullable
    String devices;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static Span of(String eid, Holder holder) {
        LockHoldEvent event = new LockHoldEvent();
        event.eid = eid;
        event.mode = holder.mode().name();
        event.devices = Indices.text(holder.devices());
        event.begin();
        return event;
    }

    @Override
    public void close() {
        commit();
    }
}
