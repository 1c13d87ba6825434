// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.DeviceSample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A {@link PlacementPolicy} that takes the first candidates in an order, and can leave it to another policy which of those
 * that are equal in that order. Immutable.
 *
 * {@snippet lang = java :
 * PlacementPolicy quietAndClose = PlacementPolicy.avoidOutsiders().then(PlacementPolicy.closestTogether());
 * }
 */
public final class PlacementOrder implements PlacementPolicy {
    private static final Comparator<PlacementCandidate> BY_INDEX = Comparator.comparingInt(PlacementCandidate::index);

    static final PlacementOrder BEST_FIT = new PlacementOrder(
            "bestFit",
            Comparator.comparingLong(
                    candidate -> candidate.unreserved().map(MemorySize::bytes).orElse(Long.MAX_VALUE)),
            Set.of());

    static final PlacementOrder MOST_IDLE = new PlacementOrder(
            "mostIdle",
            Comparator.<PlacementCandidate>comparingInt(candidate -> candidate
                            .sample()
                            .map(DeviceSample::gpuUtilization)
                            .flatMap(percent -> percent.stream().boxed().findFirst())
                            .orElse(Integer.MAX_VALUE))
                    .thenComparingLong(candidate -> candidate
                            .sample()
                            .flatMap(DeviceSample::memoryUsed)
                            .map(MemorySize::bytes)
                            .orElse(Long.MAX_VALUE)),
            Set.of(Need.SAMPLES));

    static final PlacementOrder AVOID_OUTSIDERS = new PlacementOrder(
            "avoidOutsiders",
            Comparator.<PlacementCandidate>comparingInt(
                            candidate -> candidate.outsiders().size())
                    .thenComparing(candidate -> !candidate
                            .sample()
                            .map(DeviceSample::processesKnown)
                            .orElse(false)),
            Set.of(Need.OUTSIDERS, Need.SAMPLES));

    private final String name;
    private final Comparator<PlacementCandidate> order;
    private final Set<Need> needs;

    PlacementOrder(String name, Comparator<PlacementCandidate> order, Set<Need> needs) {
        this.name = name;
        this.order = order;
        this.needs = Set.copyOf(needs);
    }

    @Override
    public List<Integer> choose(PlacementQuestion question) {
        return question.candidates().stream()
                .sorted(order.thenComparing(BY_INDEX))
                .limit(question.missing())
                .map(PlacementCandidate::index)
                .toList();
    }

    @Override
    public Set<Need> needs() {
        return needs;
    }

    /**
     * Returns this order refined by another one: it decides between candidates that are equal in this one.
     *
     * @param next the other order
     * @return the refined order
     */
    public PlacementOrder then(PlacementOrder next) {
        return new PlacementOrder(name + ".then(" + next.name + ")", order.thenComparing(next.order), union(next));
    }

    /**
     * Returns the policy that takes the candidates that come first in this order, and leaves the choice among the last of
     * these, where several are equal and not all are needed, to another policy. That one sees the others as {@linkplain
     * PlacementQuestion#attached() attached}.
     *
     * @param next the other policy
     * @return the policy of both
     */
    public PlacementPolicy then(PlacementPolicy next) {
        Objects.requireNonNull(next, "next");
        return new Then(this, next, union(next));
    }

    private Set<Need> union(PlacementPolicy next) {
        Set<Need> all = EnumSet.noneOf(Need.class);
        all.addAll(needs);
        all.addAll(next.needs());
        return Set.copyOf(all);
    }

    /** {@return what it takes first, for messages} */
    @Override
    public String toString() {
        return name;
    }

    private record Then(PlacementOrder first, PlacementPolicy next, Set<Need> needs) implements PlacementPolicy {
        @Override
        public List<Integer> choose(PlacementQuestion question) {
            List<PlacementCandidate> sorted = question.candidates().stream()
                    .sorted(first.order.thenComparing(BY_INDEX))
                    .toList();
            PlacementCandidate last = sorted.get(question.missing() - 1);
            List<PlacementCandidate> better = new ArrayList<>();
            List<PlacementCandidate> equal = new ArrayList<>();
            for (PlacementCandidate candidate : sorted) {
                int compared = first.order.compare(candidate, last);
                if (compared < 0) {
                    better.add(candidate);
                } else if (compared == 0) {
                    equal.add(candidate);
                }
            }
            return Stream.concat(
                            better.stream().map(PlacementCandidate::index),
                            next.choose(question.after(better, equal)).stream())
                    .toList();
        }

        @Override
        public String toString() {
            return first + ".then(" + next + ")";
        }
    }
}
