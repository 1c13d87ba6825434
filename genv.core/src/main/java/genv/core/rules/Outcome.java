// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.model.DeviceSet;
import genv.core.model.QueuedRequest;
import org.jspecify.annotations.Nullable;

/** What became of a request that can be refused for now. */
public sealed interface Outcome<T> {
    /** It was granted in this transition. */
    record Granted<T>(T value) implements Outcome<T> {}

    /**
     * It cannot be served now.
     *
     * @param request how it would stand in the queue; its ticket is filled in by whoever lets it wait
     * @param asked how many devices were asked for
     * @param free which devices would have been free for it
     * @param limit why it is the owner of the host who does not allow it now, or null: then it waits until others of the same
     *     user have given something back, and holds up nobody meanwhile
     */
    record Busy<T>(
            QueuedRequest request,
            int asked,
            DeviceSet free,
            @Nullable String limit) implements Outcome<T> {
        /** For lack of devices. */
        public Busy(QueuedRequest request, int asked, DeviceSet free) {
            this(request, asked, free, null);
        }
    }

    /**
     * It can never be served on this host.
     *
     * @param reason a fact with its values and what to do
     */
    record Never<T>(String reason, int asked, DeviceSet free) implements Outcome<T> {}
}
