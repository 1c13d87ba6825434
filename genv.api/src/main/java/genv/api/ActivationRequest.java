// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What to activate and how: a configuration, optionally an identifier, over-subscription, a time to wait, a policy
 * and a lease.
 *
 * <p>Instances are immutable and may be shared between threads; every method that sets something returns a changed
 * copy.
 *
 * {@snippet lang = java :
 * ActivationRequest request = ActivationRequest.of(EnvConfig.builder().gpus(2).build())
 *         .eid("nightly-42")
 *         .waitUpTo(Duration.ofMinutes(10));
 * }
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class ActivationRequest {
    private final EnvConfig config;
    private final Optional<String> eid;
    private final boolean overSubscribed;
    private final Duration wait;
    private final Optional<PlacementPolicy> placement;
    private final Optional<Duration> lease;
    private final Optional<LeaseListener> leaseListener;

    private ActivationRequest(
            EnvConfig config,
            Optional<String> eid,
            boolean overSubscribed,
            Duration wait,
            Optional<PlacementPolicy> placement,
            Optional<Duration> lease,
            Optional<LeaseListener> leaseListener) {
        this.config = config;
        this.eid = eid;
        this.overSubscribed = overSubscribed;
        this.wait = wait;
        this.placement = placement;
        this.lease = lease;
        this.leaseListener = leaseListener;
    }

    /**
     * Returns a request with this configuration and nothing else: identifier chosen by the host, only devices that are
     * free, no waiting.
     *
     * @param config the configuration; an {@linkplain EnvConfig#isEmpty() empty} one asks for no device, and when an
     *     environment is joined leaves its configuration as it is
     * @return the request
     */
    public static ActivationRequest of(EnvConfig config) {
        return new ActivationRequest(
                Objects.requireNonNull(config, "config"),
                Optional.empty(),
                false,
                Duration.ZERO,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /**
     * Returns this request with an identifier. Where an environment of that identifier lives it is joined, otherwise it
     * is created.
     *
     * @param eid 1 to 128 characters: an ASCII letter or digit, then those and {@code . _ : @ + -}
     * @return the changed request
     * @throws IllegalArgumentException if the identifier is not such a text
     */
    public ActivationRequest eid(String eid) {
        return new ActivationRequest(
                config, Optional.of(Identifiers.check(eid)), overSubscribed, wait, placement, lease, leaseListener);
    }

    /**
     * Returns this request with over-subscription: where there are too few free devices, those of others are attached
     * too, the least populated first, whether or not the memory shares fit. The environments that share a device should
     * take turns with {@link Genv#lock()}.
     *
     * @return the changed request
     */
    public ActivationRequest overSubscribed() {
        return new ActivationRequest(config, eid, true, wait, placement, lease, leaseListener);
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
    public ActivationRequest waitUpTo(Duration limit) {
        return new ActivationRequest(
                config, eid, overSubscribed, Quantities.checkWait(limit), placement, lease, leaseListener);
    }

    /**
     * Returns this request with a policy that chooses which devices it is given.
     *
     * @param policy the policy, instead of {@linkplain GenvOptions#placement() the host's}
     * @return the changed request
     */
    public ActivationRequest placement(PlacementPolicy policy) {
        return new ActivationRequest(config, eid, overSubscribed, wait, Optional.of(policy), lease, leaseListener);
    }

    /**
     * Returns this request with a lease: the devices are the environment's for that time at most, counted from when it is
     * given its first one. Then they are taken back, with all locks on them: by whoever needs them next, even if the
     * processes of the environment are stopped, and otherwise by this process. The environment stays active, without
     * devices. It can {@linkplain Genv#attach attach} some again, behind those who wait, which begins a new lease.
     *
     * <p>The end is announced to {@link #onLeaseEnd} and can be put off with {@link Activation#renew}. Detaching all
     * devices ends the lease. Joining an environment that has a lease makes it last at least as long as this one; an
     * environment that has devices without a lease keeps them so.
     *
     * <p>The owner of the host can set a longest lease; then every environment has one. Time counts by a clock that
     * nobody sets and that goes on while the host sleeps.
     *
     * @param duration how long, longer than zero; counted in milliseconds
     * @return the changed request
     * @throws IllegalArgumentException if the duration is not longer than zero
     */
    public ActivationRequest lease(Duration duration) {
        return new ActivationRequest(
                config,
                eid,
                overSubscribed,
                wait,
                placement,
                Optional.of(Quantities.checkLease(duration)),
                leaseListener);
    }

    /**
     * Returns this request with a listener that is told when the lease of the environment is about to end, be it of this
     * request or one that the owner of the host demands.
     *
     * @param listener the listener, called on a thread of the host
     * @return the changed request
     */
    public ActivationRequest onLeaseEnd(LeaseListener listener) {
        return new ActivationRequest(config, eid, overSubscribed, wait, placement, lease, Optional.of(listener));
    }

    /** {@return the configuration} */
    public EnvConfig config() {
        return config;
    }

    /** {@return the identifier; absent where the host chooses it} */
    public Optional<String> eid() {
        return eid;
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

    /** {@return how long it is to have its devices; absent for as long as it lives, where the owner of the host allows} */
    public Optional<Duration> lease() {
        return lease;
    }

    /** {@return who is told of the end of its lease} */
    public Optional<LeaseListener> leaseListener() {
        return leaseListener;
    }

    /**
     * Tells whether the other object is a request for the same.
     *
     * @param other the other object
     * @return whether it is; policies and listeners are compared by their own {@code equals}
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ActivationRequest request
                && config.equals(request.config)
                && eid.equals(request.eid)
                && overSubscribed == request.overSubscribed
                && wait.equals(request.wait)
                && placement.equals(request.placement)
                && lease.equals(request.lease)
                && leaseListener.equals(request.leaseListener);
    }

    /** {@return a hash code of all parts} */
    @Override
    public int hashCode() {
        return Objects.hash(config, eid, overSubscribed, wait, placement, lease, leaseListener);
    }

    /** {@return the parts, for logs; the form may change} */
    @Override
    public String toString() {
        return "ActivationRequest[" + config
                + eid.map(value -> ", eid=" + value).orElse("") + (overSubscribed ? ", overSubscribed" : "")
                + ", waitUpTo=" + wait
                + placement.map(value -> ", placement=" + value).orElse("")
                + lease.map(value -> ", lease=" + value).orElse("") + "]";
    }
}
