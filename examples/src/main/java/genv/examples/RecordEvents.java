// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.Genv;
import java.util.List;
import jdk.jfr.consumer.RecordingStream;

/** What genv tells JDK Flight Recorder, as it happens. */
public final class RecordEvents {
    private RecordEvents() {}

    /** Prints each activation of this process, and each lock that it has held. */
    public static void main(String[] args) {
        try (RecordingStream events = new RecordingStream()) {
            events.enable("genv.Activation");
            events.enable("genv.LockHold").withoutThreshold(); // otherwise those of a millisecond and more
            events.onEvent(
                    "genv.Activation",
                    event -> System.out.println(event.getString("eid") + " asked for " + event.getInt("gpus") + ": "
                            + event.getString("outcome") + ", devices " + event.getString("devices")));
            events.onEvent(
                    "genv.LockHold",
                    event -> System.out.println(event.getString("mode") + " lock on devices "
                            + event.getString("devices") + ", longer than a minute: "
                            + (event.getDuration().toMinutes() > 0)));
            events.startAsync();
            work();
            events.stop(); // what was recorded is handled before this returns
        }
    }

    private static void work() {
        try (Activation env =
                        Genv.activate(EnvConfig.builder().name("worker").gpus(2).build());
                DeviceLock lock = Genv.lock()) {
            compute(env.eid(), lock.devices());
        }
    }

    private static void compute(String eid, List<Integer> devices) {
        if (devices.size() != 2) {
            throw new IllegalStateException("the environment has other devices: eid=" + eid + " devices=" + devices);
        }
    }
}
