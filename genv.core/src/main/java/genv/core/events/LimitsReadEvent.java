// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** What the owner of the host allows was read, or could not be. */
@Name("genv.LimitsRead")
@Label("Limits Read")
@Description("The limits file was read, or found to be wrong: then nothing is given out")
@Category("genv")
@StackTrace(false)
final class LimitsReadEvent extends Event {
    private static final LimitsReadEvent PROBE = new LimitsReadEvent();

    @Label("File")
    @Description("Its path")
    @Nullable
    String file;

    @Label("Usable")
    @Description("Whether it says what is allowed")
    boolean usable;

    @Label("Message")
    @Description("Why it cannot be used")
    @Nullable
    String message;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static void record(String file, @Nullable String message) {
        LimitsReadEvent event = new LimitsReadEvent();
        event.file = file;
        event.usable = message == null;
        event.message = message;
        event.commit();
    }
}
