// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** A policy with needs that it does not say itself. */
record NeedingPolicy(PlacementPolicy policy, Set<PlacementPolicy.Need> needs) implements PlacementPolicy {
    NeedingPolicy {
        Set<Need> all = EnumSet.copyOf(needs);
        all.addAll(policy.needs());
        needs = Set.copyOf(all);
    }

    @Override
    public List<Integer> choose(PlacementQuestion question) {
        return policy.choose(question);
    }

    @Override
    public String toString() {
        return policy.toString();
    }
}
