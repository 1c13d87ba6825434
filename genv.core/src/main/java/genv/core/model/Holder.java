// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

import genv.api.LockMode;

/**
 * A device lock that is held.
 *
 * @param id the version at which it was taken
 * @param env the environment's {@link EnvBlock#id()}
 * @param hash the {@link EidHash} of its identifier
 * @param token the process that holds it
 * @param pid that process's identifier
 * @param memory the share of each device in bytes, or {@link EnvBlock#WHOLE}
 * @param since milliseconds since 1970
 */
public record Holder(
        long id, long env, int hash, long token, long pid, LockMode mode, long memory, long since, DeviceSet devices) {

    public Holder withDevices(DeviceSet all) {
        return new Holder(id, env, hash, token, pid, mode, memory, since, all);
    }

    public Holder withMemory(long share) {
        return new Holder(id, env, hash, token, pid, mode, share, since, devices);
    }
}
