// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

/**
 * A request that waits in the shared queue.
 *
 * @param ticket its place: a smaller ticket is served first
 * @param by whose it is
 * @param since milliseconds since 1970
 * @param devices what it waits for: nobody behind it is given any of these before. None where it is the owner's limit that it
 *     waits for
 * @param count how many devices it needs; all of them for a lock
 * @param share what it needs of each, bytes, or {@link EnvBlock#WHOLE}
 */
public record QueuedRequest(long ticket, By by, Kind kind, long since, DeviceSet devices, int count, long share) {
    /**
     * Who makes a request, and for which environment.
     *
     * @param token the process that waits
     * @param pid that process's identifier
     * @param env the environment's {@link EnvBlock#id()}, or 0 for one that is not active yet
     * @param eid the identifier of the environment
     * @param uid the user to whom the environment belongs
     */
    public record By(long token, long pid, long env, String eid, long uid) {}

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

    /** The same request at a place in the queue. */
    public QueuedRequest at(long place) {
        return new QueuedRequest(place, by, kind, since, devices, count, share);
    }

    /** Whether it waits for what the owner of the host allows the user, and for no device. */
    public boolean isLimited() {
        return kind == Kind.DEVICES && devices.isEmpty();
    }

    public String eid() {
        return by.eid();
    }

    public long pid() {
        return by.pid();
    }

    public long token() {
        return by.token();
    }
}
