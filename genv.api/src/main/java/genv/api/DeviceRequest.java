// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Which devices to attach to an environment, and how: a number or one index, optionally over-subscription, a time to
 * wait and a policy.
 *
 * <p>Instances are immutable and may be shared between threads; {@link #overSubscribed()}, {@link #waitUpTo} and
 * {@link #placement(PlacementPolicy)} return a changed copy.
 *
 * {@snippet lang = java :
 * List<Integer> devices = Genv.attach(DeviceRequest.gpus(2).waitUpTo(Duration.ofSeconds(30)));
 * }
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class DeviceRequest {
    private static final DeviceRequest CONFIGURED =
            new DeviceRequest(OptionalInt.empty(), OptionalInt.empty(), false, Duration.ZERO, Optional.empty());

    private final OptionalInt gpus;
    private final OptionalInt index;
    private final boolean overSubscribed;
    private final Duration wait;
    private final Optional<PlacementPolicy> placement;

    private DeviceRequest(
            OptionalInt gpus,
            OptionalInt index,
            boolean overSubscribed,
            Duration wait,
            Optional<PlacementPolicy> placement) {
        this.gpus = gpus;
        this.index = index;
        this.overSubscribed = overSubscribed;
        this.wait = wait;
        this.placement = placement;
    }

    /**
     * Returns a request for as many devices as the {@linkplain EnvConfig#gpus() configuration} of the environment says:
     * none where it says nothing.
     *
     * @return the request
     */
    public static DeviceRequest configured() {
        return CONFIGURED;
    }

    /**
     * Returns a request for so many devices in all: what is missing is attached, nothing is ever detached.
     *
     * @param gpus the number that the environment is to have at least, 0 to 1024
     * @return the request
     * @throws IllegalArgumentException if the number is out of this range; that the host has fewer is told when the
     *     request is used
     */
    public static DeviceRequest gpus(int gpus) {
        return new DeviceRequest(
                OptionalInt.of(Quantities.checkGpus(gpus)),
                OptionalInt.empty(),
                false,
                Duration.ZERO,
                Optional.empty());
    }

    /**
     * Returns a request for one device.
     *
     * @param index the index of the device, in PCI order from 0
     * @return the request
     * @throws IllegalArgumentException if the index is negative; that the host has no such device is told when the
     *     request is used
     */
    public static DeviceRequest index(int index) {
        return new DeviceRequest(
                OptionalInt.empty(),
                OptionalInt.of(Quantities.checkIndex(index)),
                false,
                Duration.ZERO,
                Optional.empty());
    }

    /**
     * Returns this request with over-subscription: where there are too few free devices, those of others are attached
     * too, the least populated first, whether or not the memory shares fit. The environments that share a device should
     * take turns with {@link Genv#lock()}.
     *
     * @return the changed request
     */
    public DeviceRequest overSubscribed() {
        return new DeviceRequest(gpus, index, true, wait, placement);
    }

    /**
     * Returns this request with a time that it may wait for devices. Waiting is first come, first served over all
     * processes of the host.
     *
     * @param limit the longest time to wait; {@link Duration#ZERO} (the default) does not wait, and a duration of more
     *     than {@link Long#MAX_VALUE} nanoseconds (292 years) waits as long as that
     * @return the changed request
     * @throws IllegalArgumentException if the limit is negative
     */
    public DeviceRequest waitUpTo(Duration limit) {
        return new DeviceRequest(gpus, index, overSubscribed, Quantities.checkWait(limit), placement);
    }

    /**
     * Returns this request with a policy that chooses which devices it is given. Has no effect on a request for one index.
     *
     * @param policy the policy, instead of {@linkplain GenvOptions#placement() the host's}
     * @return the changed request
     */
    public DeviceRequest placement(PlacementPolicy policy) {
        return new DeviceRequest(gpus, index, overSubscribed, wait, Optional.of(policy));
    }

    /** {@return the number of devices; absent in a request for what is configured or for one index} */
    public OptionalInt gpus() {
        return gpus;
    }

    /** {@return the index of the one device; absent in a request for a number of devices} */
    public OptionalInt index() {
        return index;
    }

    /** {@return whether devices of others may be attached} */
    public boolean isOverSubscribed() {
        return overSubscribed;
    }

    /** {@return the longest time to wait, as it was given; zero for not at all} */
    public Duration waitLimit() {
        return wait;
    }

    /** {@return the policy that chooses its devices; absent means the host's} */
    public Optional<PlacementPolicy> placement() {
        return placement;
    }

    /**
     * Tells whether the other object is a request for the same.
     *
     * @param other the other object
     * @return whether it is; policies are compared by their own {@code equals}
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DeviceRequest request
                && gpus.equals(request.gpus)
                && index.equals(request.index)
                && overSubscribed == request.overSubscribed
                && wait.equals(request.wait)
                && placement.equals(request.placement);
    }

    /** {@return a hash code of all parts} */
    @Override
    public int hashCode() {
        return Objects.hash(gpus, index, overSubscribed, wait, placement);
    }

    /** {@return the parts, for logs; the form may change} */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(", ", "DeviceRequest[", "]");
        gpus.ifPresent(value -> text.add("gpus=" + value));
        index.ifPresent(value -> text.add("index=" + value));
        if (gpus.isEmpty() && index.isEmpty()) {
            text.add("configured");
        }
        if (overSubscribed) {
            text.add("overSubscribed");
        }
        text.add("waitUpTo=" + wait);
        placement.ifPresent(value -> text.add("placement=" + value));
        return text.toString();
    }
}
