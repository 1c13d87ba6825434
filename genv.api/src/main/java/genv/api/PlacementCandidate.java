// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.Device;
import genv.api.spi.DeviceSample;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A device that can be given to a request, as a {@link PlacementPolicy} sees it. Immutable.
 *
 * @param device what the backend says of it that does not change
 * @param reserved the sum of the memory shares that are attached to it; environments that have the whole device are not in
 *     it, and there are some only where a request over-subscribes
 * @param environments how many environments it is attached to
 * @param sample what it reports at the moment; absent where it reports nothing, or the policy does not {@linkplain
 *     PlacementPolicy.Need#SAMPLES need} it
 * @param outsiders the processes that use it and are neither members of any environment nor descendants of one, as far as
 *     the driver shows them; empty where the policy does not {@linkplain PlacementPolicy.Need#OUTSIDERS need} it
 */
public record PlacementCandidate(
        Device device, MemorySize reserved, int environments, Optional<DeviceSample> sample, List<Long> outsiders) {
    /** Copies the list. */
    public PlacementCandidate {
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(reserved, "reserved");
        Objects.requireNonNull(sample, "sample");
        outsiders = List.copyOf(outsiders);
    }

    /** {@return the index of the device} */
    public int index() {
        return device.index();
    }

    /**
     * Returns the memory that is not reserved.
     *
     * @return the memory, zero for a device that is over-subscribed; absent where its whole memory is not known
     */
    public Optional<MemorySize> unreserved() {
        return device.totalMemory().map(total -> MemorySize.ofBytes(Math.max(0, total.bytes() - reserved.bytes())));
    }
}
