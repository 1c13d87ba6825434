// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A request that waits, in a {@link Snapshot}. Immutable.
 *
 * @param eid the identifier of the environment that it is made for, which may not be active yet; one that the host
 *     chose may be given a number once it is served, if an environment of that name lives by then
 * @param uid the numeric identifier of the user to whom that environment belongs
 * @param pid the process that waits, as its own process namespace numbers it
 * @param waitsFor what it waits for
 * @param limited whether it is held up by what the owner of the host allows the user: by what the user has, and by earlier
 *     requests of the user; then it waits for no device, and nobody else behind it
 * @param devices the indices of the devices of which it needs some, or which it is to lock, ascending; none while it is limited
 * @param count how many devices it needs; for a lock all of them
 * @param gpuMemory what it needs of each device; absent means the whole device
 * @param since when it began to wait, by the host's clock
 */
public record WaiterInfo(
        String eid,
        long uid,
        long pid,
        DeviceInfo.Wait waitsFor,
        boolean limited,
        List<Integer> devices,
        int count,
        Optional<MemorySize> gpuMemory,
        Instant since) {
    /** Copies the list. */
    public WaiterInfo {
        Objects.requireNonNull(eid, "eid");
        Objects.requireNonNull(waitsFor, "waitsFor");
        Objects.requireNonNull(gpuMemory, "gpuMemory");
        Objects.requireNonNull(since, "since");
        devices = List.copyOf(devices);
    }
}
