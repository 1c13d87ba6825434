// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.core.model.DeviceSet;
import org.jspecify.annotations.Nullable;

/** A request for devices or for a lock on them that is being recorded. Belongs to one thread. */
public interface RequestSpan {
    /** Something that is asked of a host. */
    @FunctionalInterface
    interface Request<T extends @Nullable Object, X extends Exception> {
        T make() throws X;
    }

    /** Makes the request, and records how long it took. What was not said of its end by then is an error. */
    <T extends @Nullable Object, X extends Exception> T record(Request<T, X> request) throws X;

    /** Says that it was granted, to which environment, and which devices that has then. */
    void granted(String eid, DeviceSet devices);

    /** Says that it could not be served now. */
    void busy();

    /** Says that it can never be served. */
    void never();
}
