// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.GenvException;
import java.util.ArrayList;
import java.util.List;

/** Collects what failed while several variables were changed. For one thread. */
final class Failures {
    private final List<String> variables = new ArrayList<>(0);
    private final List<Throwable> causes = new ArrayList<>(0);

    /** Runs a step on one variable and says whether it succeeded. */
    boolean attempt(String variable, Runnable step) {
        try {
            step.run();
            return true;
        } catch (RuntimeException | LinkageError e) { // the latter: native access that is denied or missing
            variables.add(variable);
            causes.add(e);
            return false;
        }
    }

    /** Throws with the first failure as the cause and the others suppressed, if there was any. */
    void throwIfAny(String fact) {
        if (causes.isEmpty()) {
            return;
        }
        Throwable first = causes.get(0);
        GenvException failure =
                new GenvException(fact + ": variables=" + variables + ", reason=" + first.getMessage(), first);
        causes.stream().skip(1).forEach(failure::addSuppressed);
        throw failure;
    }
}
