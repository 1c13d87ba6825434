// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.Closeness;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Takes devices that are connected closely. Looks at every choice where these are few, and otherwise grows one from each device. */
final class ClosestTogether implements PlacementPolicy {
    static final ClosestTogether INSTANCE = new ClosestTogether();

    /** How many choices are compared at most: 8 of 16 devices are 12,870. */
    private static final long MOST_CHOICES = 15_000;

    private ClosestTogether() {}

    @Override
    public Set<Need> needs() {
        return Set.of(Need.CLOSENESS);
    }

    @Override
    public List<Integer> choose(PlacementQuestion question) {
        int[] devices = question.candidates().stream()
                .mapToInt(PlacementCandidate::index)
                .sorted()
                .toArray();
        Search search = new Search(question, devices);
        int[] best = choices(devices.length, question.missing()) <= MOST_CHOICES ? search.among() : search.grown();
        List<Integer> indices = new ArrayList<>(best.length);
        for (int position : best) {
            indices.add(devices[position]);
        }
        return indices;
    }

    /** How many choices of {@code count} there are, or more than are compared. */
    private static long choices(int of, int count) {
        long choices = 1;
        int fewer = Math.min(count, of - count);
        for (int i = 1; i <= fewer && choices <= MOST_CHOICES; i++) {
            choices = choices * (of - fewer + i) / i;
        }
        return choices;
    }

    private static int distance(Optional<Closeness> closeness) {
        return closeness
                .map(known -> switch (known) {
                    case SAME_BOARD -> 1;
                    case NVLINK -> 2;
                    case SINGLE_SWITCH -> 3;
                    case MULTIPLE_SWITCHES -> 4;
                    case HOST_BRIDGE -> 5;
                    case NUMA_NODE -> 6;
                    case SYSTEM -> 7;
                })
                .orElse(8);
    }

    /** One search. A cost is the distance of the farthest two devices (high half) and the sum of all (low half). */
    private static final class Search {
        private final int count;
        private final int[][] distances;
        /** What each device costs beside those that are attached already. */
        private final long[] base;

        private int[] best = new int[0];
        private long bestCost = Long.MAX_VALUE;

        Search(PlacementQuestion question, int[] devices) {
            count = question.missing();
            distances = new int[devices.length][devices.length];
            base = new long[devices.length];
            for (int i = 0; i < devices.length; i++) {
                for (int j = 0; j < i; j++) {
                    int distance = distance(question.closeness(devices[i], devices[j]));
                    distances[i][j] = distance;
                    distances[j][i] = distance;
                }
                for (int attached : question.attached()) {
                    base[i] = plus(base[i], distance(question.closeness(devices[i], attached)));
                }
            }
        }

        private static long plus(long cost, int distance) {
            return Math.max(cost >>> 32, distance) << 32 | (cost & 0xffff_ffffL) + distance;
        }

        private static long plus(long cost, long other) {
            return Math.max(cost >>> 32, other >>> 32) << 32 | (cost & 0xffff_ffffL) + (other & 0xffff_ffffL);
        }

        /** The cost of choices that have a device besides. */
        private long with(long cost, int[] chosen, int n, int device) {
            long sum = plus(cost, base[device]);
            for (int i = 0; i < n; i++) {
                sum = plus(sum, distances[chosen[i]][device]);
            }
            return sum;
        }

        /** The best of all choices; of equal ones the first, which has the lowest indices. */
        int[] among() {
            extend(new int[count], 0, 0, 0);
            return best;
        }

        private void extend(int[] chosen, int n, int from, long cost) {
            if (cost >= bestCost) {
                return; // it only grows
            }
            if (n == count) {
                bestCost = cost;
                best = chosen.clone();
                return;
            }
            for (int device = from; device <= base.length - (count - n); device++) {
                chosen[n] = device;
                extend(chosen, n + 1, device + 1, with(cost, chosen, n, device));
            }
        }

        /** From each device the choice that grows by the device that costs least; the best of these. */
        int[] grown() {
            for (int first = 0; first < base.length; first++) {
                int[] chosen = new int[count];
                boolean[] taken = new boolean[base.length];
                long[] costs = base.clone();
                long cost = 0;
                int next = first;
                for (int n = 0; n < count; n++) {
                    chosen[n] = next;
                    taken[next] = true;
                    cost = plus(cost, costs[next]);
                    int nearest = -1;
                    for (int d = 0; d < base.length; d++) {
                        if (!taken[d]) {
                            costs[d] = plus(costs[d], distances[next][d]);
                            nearest = nearest < 0 || costs[d] < costs[nearest] ? d : nearest;
                        }
                    }
                    next = nearest;
                }
                if (cost < bestCost) {
                    bestCost = cost;
                    best = chosen;
                }
            }
            Arrays.sort(best);
            return best;
        }
    }

    @Override
    public String toString() {
        return "closestTogether";
    }
}
