// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.QueuedRequest;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A request stood in the host's queue. */
@Name("genv.QueueWait")
@Label("Wait in the Queue")
@Description("From the drawing of a ticket until the request was served or given up")
@Category("genv")
@StackTrace(false)
final class QueueWaitEvent extends Event implements QueueSpan {
    private static final QueueWaitEvent PROBE = new QueueWaitEvent();

    @Label("Environment")
    @Description("Its identifier")
    @Nullable
    String eid;

    @Label("Waits For")
    @Description("DEVICES, EXCLUSIVE_LOCK or SHARED_LOCK")
    @Nullable
    String waitsFor;

    @Label("Devices")
    @Description("The indices of the devices that would do, or that were to be locked")
    @Nullable
    String devices;

    @Label("Count")
    @Description("How many of the devices it needed")
    int count;

    @Label("Limited")
    @Description("Whether it began to wait for what the owner of the host allows, and so for no device")
    boolean limited;

    @Label("Ticket")
    @Description("Its place in the host's queue: smaller ones are served first")
    long ticket;

    @Label("Attempts")
    @Description("How many times it was tried while it waited")
    int attempts;

    @Label("Served")
    @Description("Whether it was served in the end")
    boolean served;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static QueueSpan of(long ticket, QueuedRequest request) {
        QueueWaitEvent event = new QueueWaitEvent();
        event.eid = request.eid();
        event.waitsFor = request.kind().name();
        event.devices = Indices.text(request.devices());
        event.count = request.count();
        event.limited = request.isLimited();
        event.ticket = ticket;
        event.begin();
        return event;
    }

    @Override
    public void tried(boolean isServed) {
        attempts++;
        served = isServed;
    }

    @Override
    public void close() {
        commit();
    }
}
