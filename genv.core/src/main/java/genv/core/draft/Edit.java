// SPDX-License-Identifier: Apache-2.0
package genv.core.draft;

import org.jspecify.annotations.Nullable;

/**
 * What one transition does.
 *
 * <p>It may run several times, each time on the newest state, and only the last run counts; so it has no effect outside of
 * the draft. What it throws ends the transition and leaves the state as it was.
 */
@FunctionalInterface
public interface Edit<T extends @Nullable Object> {
    T apply(Draft draft);
}
