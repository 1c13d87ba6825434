// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvOptions;
import genv.api.StateException;
import genv.core.events.FlightEvents;
import genv.core.events.OpeningSpan;
import java.lang.System.Logger.Level;
import java.nio.file.Path;

/** Opens the state of a directory. */
public final class Stores {
    private Stores() {}

    /** Opens the state of a directory, becoming known in it, and removes what dead processes left. */
    public static Store open(Path directory, GenvOptions.Sharing sharing) {
        try (OpeningSpan span = FlightEvents.stateOpen(directory.toString())) {
            Store store = MappedStore.open(directory, sharing);
            long token = store.caller().token();
            if (span != null) {
                span.opened(token);
            }
            logger().log(Level.DEBUG, "the state is open: directory={0} token={1}", directory, Long.toString(token));
            return store;
        } catch (StateException failure) {
            logger().log(Level.ERROR, "the state cannot be used: directory=" + directory, failure);
            throw failure;
        }
    }

    private static System.Logger logger() {
        return System.getLogger("genv.core.store");
    }
}
