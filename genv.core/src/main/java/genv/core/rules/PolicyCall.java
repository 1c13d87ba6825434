// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.api.GenvException;
import genv.api.PlacementPolicy;
import genv.api.PlacementQuestion;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The asking of a policy, in the middle of a change of the state.
 *
 * <p>A policy that changed the state itself would have the change that asks it start over, and so be asked again, for ever; one
 * that waited for the state would wait for itself where the state is kept under a lock. So whatever it calls fails at once,
 * also from subtasks in its structured scopes.
 */
public final class PolicyCall {
    private static final ScopedValue<PlacementPolicy> ASKED = ScopedValue.newInstance();

    /** How many are being asked now. Mostly none, which is told sooner than that this thread asks none. */
    private static final AtomicInteger ASKING = new AtomicInteger();

    private PolicyCall() {}

    static List<Integer> ask(PlacementPolicy policy, PlacementQuestion question) {
        ASKING.incrementAndGet();
        try {
            return ScopedValue.where(ASKED, policy).call(() -> policy.choose(question));
        } catch (InternalError fault) {
            // which would be taken for one of the memory that the state is mapped to
            throw new GenvException(
                    "the placement policy failed: policy=" + policy + " error=" + fault
                            + "; nothing was changed: mend the policy",
                    fault);
        } finally {
            ASKING.decrementAndGet();
        }
    }

    /**
     * Refuses what a policy must not do.
     *
     * @throws IllegalStateException if the calling code is a policy that is being asked
     */
    public static void refuse() {
        if (ASKING.get() > 0 && ASKED.isBound()) {
            throw new IllegalStateException("a placement policy called genv while it was asked: policy=" + ASKED.get()
                    + "; nothing was changed: let it decide by the question alone");
        }
    }
}
