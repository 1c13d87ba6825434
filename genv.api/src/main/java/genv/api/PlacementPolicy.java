// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Chooses which devices a request is given, of those that it could be given.
 *
 * <p>Whether a request is granted, must wait or is refused never depends on the policy: it is asked only when there are
 * enough devices, and only which of them. It is set for one request ({@link ActivationRequest#placement},
 * {@link DeviceRequest#placement}) or for all requests of a host ({@link GenvOptions.Builder#placement}). Built in are
 * {@link #firstFit() first fit}, the default, {@link #bestFit() best fit}, {@link #mostIdle() most idle},
 * {@link #closestTogether() closest together} and {@link #avoidOutsiders() avoid outsiders}; those that are a
 * {@link PlacementOrder} can be followed by another one.
 *
 * <p>An application's own policy is one method:
 *
 * {@snippet lang = java :
 * PlacementPolicy highest = question -> question.candidates().reversed().stream()
 *         .limit(question.missing())
 *         .map(PlacementCandidate::index)
 *         .toList();
 * Genv.activate(ActivationRequest.of(config).placement(highest));
 * }
 *
 * <p><b>Rules for a policy.</b> It is asked in the middle of a change of the shared state, which starts over when another
 * process was faster. So it may be asked several times for one request, perhaps by several threads for several requests,
 * and must have no effect of its own, must not wait, and must not call {@link Genv} or the host: what needs the state then
 * throws {@link IllegalStateException}, in the thread that is asked and in subtasks of its structured scopes. Everything in
 * the question is of one state. What it throws ends the request, with nothing changed, and reaches the caller as it is.
 *
 * <p><b>Waiting.</b> A request that waits is placed when its turn comes, on the state of that moment. In the queue it waits
 * for all devices that could serve it, whatever its policy would choose.
 *
 * <p><b>Over-subscription.</b> {@linkplain ActivationRequest#overSubscribed() Over-subscribed} requests take devices with
 * fewer environments first under every policy. The policy chooses among those of equal population, where there are more
 * than are missing.
 *
 * <p>A request for one {@linkplain DeviceRequest#index index} leaves nothing to choose and asks no policy.
 */
@FunctionalInterface
public interface PlacementPolicy {
    /** What a policy wants to know of the devices beyond what the state says. The backend is asked only for that. */
    enum Need {
        /** {@link PlacementCandidate#sample()}: what each device reports. */
        SAMPLES,
        /** {@link PlacementCandidate#outsiders()}: who uses it without genv. */
        OUTSIDERS,
        /** {@link PlacementQuestion#closeness(int, int)}: how the devices are connected. */
        CLOSENESS
    }

    /**
     * Chooses devices.
     *
     * @param question what is missing, and the candidates, of which there are at least as many
     * @return the indices of {@link PlacementQuestion#missing()} different candidates, in any order. Any other answer is
     *     an error of the policy: the request fails with a {@link GenvException} that names policy, answer and candidates,
     *     and nothing is changed.
     */
    List<Integer> choose(PlacementQuestion question);

    /**
     * Returns what the question has to tell beyond what the state says: it costs calls of the backend, which are made
     * before the state is looked at, once for a request, and for one that waits at most once a second. Always the same.
     *
     * @return what is needed; nothing by default
     */
    default Set<Need> needs() {
        return Set.of();
    }

    /**
     * Returns this policy with needs, for one that is written as a lambda expression.
     *
     * @param first what it needs
     * @param more what it needs besides
     * @return a policy that chooses as this one does
     */
    default PlacementPolicy needing(Need first, Need... more) {
        return new NeedingPolicy(this, EnumSet.of(first, more));
    }

    /** {@return the policy that takes the lowest indices, as Genv does: the default} */
    static PlacementPolicy firstFit() {
        return FirstFit.INSTANCE;
    }

    /**
     * Returns the policy that takes the devices with the least memory that is not reserved, so that the others keep room
     * for large shares; for whole devices that is the smallest ones. Devices of unknown memory come last.
     *
     * @return the policy
     */
    static PlacementOrder bestFit() {
        return PlacementOrder.BEST_FIT;
    }

    /**
     * Returns the policy that takes the devices that compute least at the moment, by the backend's samples, and among
     * those the ones with the least memory in use. Devices that do not report come last. A sample is of one moment: of a
     * program that has just begun, or computes in bursts, it may show nothing.
     *
     * @return the policy
     */
    static PlacementOrder mostIdle() {
        return PlacementOrder.MOST_IDLE;
    }

    /**
     * Returns the policy that takes devices without {@linkplain PlacementCandidate#outsiders() outsiders} first: processes
     * that use a device although they are in no environment. Where too few devices are free of them, devices with few
     * outsiders come first. A device whose processes are not known comes after those that are known to have none. It is a
     * preference and refuses nothing.
     *
     * @return the policy
     */
    static PlacementOrder avoidOutsiders() {
        return PlacementOrder.AVOID_OUTSIDERS;
    }

    /**
     * Returns the policy that takes devices that are connected closely to each other and to those that the environment
     * has already, by the backend's topology: of all choices one whose farthest two devices are closest; among those the
     * one with the closest connections in all; among those the lowest indices. Where there are more than some thousand
     * choices it builds them up device by device and may miss the best by a little. Two devices whose connection is not
     * known count as farther than any other two.
     *
     * @return the policy
     */
    static PlacementPolicy closestTogether() {
        return ClosestTogether.INSTANCE;
    }

    /**
     * Returns a policy that takes the first candidates in an order; equal ones by their index.
     *
     * @param order the order; the candidate to be taken first is the smallest
     * @param needs what the order looks at beyond what the state says
     * @return the policy
     */
    static PlacementOrder by(Comparator<? super PlacementCandidate> order, Need... needs) {
        Objects.requireNonNull(order, "order");
        return new PlacementOrder("by(" + order + ")", order::compare, Set.of(needs));
    }
}
