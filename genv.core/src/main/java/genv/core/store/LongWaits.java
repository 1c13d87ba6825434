// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.model.QueuedRequest;
import java.lang.System.Logger.Level;

/** Says afterwards which requests of this process have waited long. */
public final class LongWaits {
    private static final long LONG_NANOS = 1_000_000_000;

    private LongWaits() {}

    /** Says so, if a request has waited long since a time of {@link System#nanoTime()}. */
    public static void tell(QueuedRequest request, long started, boolean served) {
        long nanos = System.nanoTime() - started;
        if (nanos >= LONG_NANOS) {
            System.getLogger("genv.core.store")
                    .log(
                            Level.DEBUG,
                            "a request has waited long: eid={0} waits_for={1} devices={2} waited_ms={3} served={4}",
                            request.eid(),
                            request.kind(),
                            request.devices(),
                            Long.toString(nanos / 1_000_000),
                            served);
        }
    }
}
