// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

/**
 * A request that waits in the shared queue.
 *
 * @param ticket its place: a smaller ticket is served first
 * @param token the process that waits
 * @param env the environment's {@link EnvBlock#id()}, or 0 for one that is not active yet
 * @param pid that process's identifier
 * @param since milliseconds since 1970
 * @param devices what it waits for: nobody behind it is given any of these before
 * @param eid the identifier of the environment
 * @param count how many of the devices it needs; all of them for a lock
 * @param share what it needs of each, bytes, or {@link EnvBlock#WHOLE}
 */
public record QueuedRequest(
        long ticket,
        long token,
        long env,
        long pid,
        Kind kind,
        long since,
        DeviceSet devices,
        String eid,
        int count,
        long share) {
    /** What it waits for. */
    public enum Kind {
        DEVICES(0),
        EXCLUSIVE_LOCK(1),
        SHARED_LOCK(2);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Its number in the state file. */
        public int code() {
            return code;
        }

        /** Whether requests of the two kinds stand in one queue. */
        public boolean competesWith(Kind other) {
            return (this == DEVICES) == (other == DEVICES);
        }
    }
}
