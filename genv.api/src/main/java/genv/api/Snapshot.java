// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A consistent picture of a host at one instant: all environments and all devices, with who holds and who waits.
 *
 * <p>Everything in it was true at the same time. It is immutable, does not follow later changes, and taking it with
 * {@link Genv#snapshot()} keeps nobody waiting.
 *
 * @param envs the live environments, of all users, in the order in which they were created
 * @param devices the devices of the host in ascending order of index; where no backend is usable, those that
 *     environments hold
 * @param waiters the requests that stand in the queue of the host, for devices and for locks, the earliest first. Of two that
 *     wait for the same, the earlier one is served first; a device's own line is in {@link DeviceInfo#waiters}. Not in it are
 *     threads that stand behind others of their process: behind sixteen that wait for the same devices or the same limit, or
 *     behind one that waits for a lock of the same environment
 * @param format how the state is kept, and so what it can hold
 */
public record Snapshot(List<EnvInfo> envs, List<DeviceInfo> devices, List<WaiterInfo> waiters, StateFormat format) {
    /** Copies the lists. */
    public Snapshot {
        Objects.requireNonNull(format, "format");
        envs = List.copyOf(envs);
        devices = List.copyOf(devices);
        waiters = List.copyOf(waiters);
    }

    /**
     * Makes a picture of a state that is kept as {@link StateFormat#MAPPED}, in which nobody waits.
     *
     * @param envs the live environments
     * @param devices the devices of the host
     */
    public Snapshot(List<EnvInfo> envs, List<DeviceInfo> devices) {
        this(envs, devices, List.of(), StateFormat.MAPPED);
    }

    /**
     * Finds an environment.
     *
     * @param eid its identifier
     * @return the environment; absent where none of that identifier lives
     */
    public Optional<EnvInfo> env(String eid) {
        return envs.stream().filter(env -> env.eid().equals(eid)).findFirst();
    }

    /**
     * Finds a device.
     *
     * @param index its index
     * @return the device; absent where there is none of that index
     */
    public Optional<DeviceInfo> device(int index) {
        return devices.stream().filter(device -> device.index() == index).findFirst();
    }
}
