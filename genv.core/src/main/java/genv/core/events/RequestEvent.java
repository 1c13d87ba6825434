// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.api.InterruptedWaitException;
import genv.core.model.DeviceSet;
import java.time.Duration;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import org.jspecify.annotations.Nullable;

/** What the events of all requests have. The fields are visible to the classes that Flight Recorder derives from these. */
abstract class RequestEvent extends Event implements RequestSpan {
    @Label("Environment")
    @Description("Its identifier")
    @Nullable
    String eid;

    @Label("Outcome")
    @Description("granted, busy (not at once, or not in time), never (the host cannot serve it), interrupted or error")
    String outcome = "error";

    @Label("Devices")
    @Description("The indices of the devices that the environment has then, or that were locked")
    @Nullable
    String devices;

    @Label("Message")
    @Description("Why it was refused")
    @Nullable
    String message;

    private transient DeviceSet set = DeviceSet.EMPTY;

    @Override
    public final <T extends @Nullable Object, X extends Exception> T record(Request<T, X> request) throws X {
        begin();
        try {
            return request.make();
        } catch (Exception refused) {
            refusedBy(refused);
            throw refused;
        } finally {
            end();
            if (shouldCommit()) {
                devices = Indices.text(set);
                commit();
            }
        }
    }

    private void refusedBy(Exception refused) {
        message = refused.getMessage();
        if (refused instanceof InterruptedException || refused instanceof InterruptedWaitException) {
            outcome = "interrupted";
        } else if (outcome.equals("granted")) {
            outcome = "error"; // it was undone
        }
    }

    @Override
    public final void granted(String environment, DeviceSet given) {
        eid = environment;
        set = given;
        outcome = "granted";
    }

    @Override
    public final void busy() {
        outcome = "busy";
    }

    @Override
    public final void never() {
        outcome = "never";
    }

    /** A limit of waiting as Flight Recorder shows it: {@link Long#MAX_VALUE} is for ever. */
    static long nanos(Duration limit) {
        return limit.toSeconds() >= Long.MAX_VALUE / 1_000_000_000L ? Long.MAX_VALUE : limit.toNanos();
    }
}
