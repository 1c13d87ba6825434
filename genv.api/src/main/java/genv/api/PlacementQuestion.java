// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.Closeness;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * What a {@link PlacementPolicy} is asked: how many devices are missing, for what, and which there are. Immutable, and all
 * of one state. Applications create one only to test a policy.
 *
 * @param missing how many devices to choose, at least 1
 * @param gpuMemory what will be reserved of each; absent means whole devices
 * @param overSubscribed whether the request shares devices on purpose; then the candidates may be full
 * @param attached the devices that the environment has already, ascending
 * @param candidates the devices that can be given, ascending by index, at least {@code missing}
 * @param connections how close two devices are; see {@link #closeness(int, int)}
 */
public record PlacementQuestion(
        int missing,
        Optional<MemorySize> gpuMemory,
        boolean overSubscribed,
        List<Integer> attached,
        List<PlacementCandidate> candidates,
        BiFunction<Integer, Integer, Optional<Closeness>> connections) {
    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if nothing is missing, or more than there are candidates
     */
    public PlacementQuestion {
        Objects.requireNonNull(gpuMemory, "gpuMemory");
        Objects.requireNonNull(connections, "connections");
        attached = List.copyOf(attached);
        candidates = List.copyOf(candidates);
        if (missing < 1 || missing > candidates.size()) {
            throw new IllegalArgumentException("nothing to choose: missing=" + missing + " candidates="
                    + candidates.size() + "; ask for at least one, and for no more than there are");
        }
    }

    /**
     * Tells how close two devices are connected, candidates or attached ones. The order of the two does not matter.
     *
     * @param first the index of a device
     * @param second the index of another one
     * @return how close they are; absent where the backend does not say, or the policy does not {@linkplain
     *     PlacementPolicy.Need#CLOSENESS need} it
     */
    public Optional<Closeness> closeness(int first, int second) {
        return connections.apply(first, second);
    }

    /**
     * Returns this question for fewer devices: some are chosen already, and others are out of the question.
     *
     * @param chosen candidates that are to be taken in any case; in the new question they are {@link #attached()}
     * @param rest the candidates that are left to choose from
     * @return the question
     * @throws IllegalArgumentException if nothing is missing then, or more than is left
     */
    public PlacementQuestion after(List<PlacementCandidate> chosen, List<PlacementCandidate> rest) {
        List<Integer> all = Stream.concat(attached.stream(), chosen.stream().map(PlacementCandidate::index))
                .sorted()
                .toList();
        return new PlacementQuestion(missing - chosen.size(), gpuMemory, overSubscribed, all, rest, connections);
    }
}
