// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A state directory was opened. */
@Name("genv.StateOpen")
@Label("State Opened")
@Description("The opening of a state directory, with the removal of what dead processes left")
@Category("genv")
@StackTrace(false)
final class StateOpenEvent extends Event implements OpeningSpan {
    private static final StateOpenEvent PROBE = new StateOpenEvent();

    @Label("Directory")
    @Description("The state directory")
    @Nullable
    String directory;

    @Label("Token")
    @Description("The number of this process in the state; 0 where it could not be opened")
    long token;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static OpeningSpan of(String directory) {
        StateOpenEvent event = new StateOpenEvent();
        event.directory = directory;
        event.begin();
        return event;
    }

    @Override
    public void opened(long own) {
        token = own;
    }

    @Override
    public void close() {
        commit();
    }
}
