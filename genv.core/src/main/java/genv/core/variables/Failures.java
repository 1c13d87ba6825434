// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.GenvException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects what failed while several variables were changed; made for the first of it. For one thread. */
final class Failures {
    private final List<String> variables = new ArrayList<>();
    private final List<Throwable> causes = new ArrayList<>();

    private Failures() {}

    /** Adds the failure of a step on one variable. {@code known}: the earlier ones, or null. */
    static Failures add(@Nullable Failures known, String variable, Throwable cause) {
        Failures failures = known != null ? known : new Failures();
        failures.variables.add(variable);
        failures.causes.add(cause);
        return failures;
    }

    /** What is to be thrown: the first failure is the cause, the others are suppressed. */
    GenvException exception(String fact) {
        Throwable first = causes.getFirst();
        GenvException failure =
                new GenvException(fact + ": variables=" + variables + ", reason=" + first.getMessage(), first);
        causes.stream().skip(1).forEach(failure::addSuppressed);
        return failure;
    }
}
