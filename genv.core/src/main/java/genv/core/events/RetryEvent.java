// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A transition, or a reading of the state, lost races against others. */
@Name("genv.Retry")
@Label("Transition Retried")
@Description("From the first lost race of a change or a reading of the state until its end")
@Category("genv")
@StackTrace(false)
final class RetryEvent extends Event implements RetrySpan {
    private static final RetryEvent PROBE = new RetryEvent();

    @Label("Retries")
    @Description("How many times it was begun anew")
    int retries = 1;

    static boolean isOn() {
        return PROBE.isEnabled();
    }

    static RetrySpan begun() {
        RetryEvent event = new RetryEvent();
        event.begin();
        return event;
    }

    @Override
    public void lostAgain() {
        retries++;
    }

    @Override
    public void close() {
        commit();
    }
}
