// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.List;

/** Takes the lowest indices. One instance, so that the core can tell the default and spare asking it. */
final class FirstFit implements PlacementPolicy {
    static final FirstFit INSTANCE = new FirstFit();

    private FirstFit() {}

    @Override
    public List<Integer> choose(PlacementQuestion question) {
        return question.candidates().stream()
                .map(PlacementCandidate::index)
                .sorted()
                .limit(question.missing())
                .toList();
    }

    @Override
    public String toString() {
        return "firstFit";
    }
}
