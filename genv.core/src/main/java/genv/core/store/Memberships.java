// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.model.EnvBlock;
import genv.core.rules.EnvRules;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What one store of this process is in, and how often: what closing it takes back. Thread-safe. */
final class Memberships {
    private final Map<EnvRules.Key, Entered> entered = new ConcurrentHashMap<>();

    private record Entered(long created, int count) {}

    /** Takes an environment and when it was created, in milliseconds since 1970. */
    @FunctionalInterface
    interface Action {
        void accept(EnvRules.Key env, long created);
    }

    void enter(EnvBlock block) {
        entered.merge(
                EnvRules.Key.of(block),
                new Entered(block.created(), 1),
                (known, one) -> new Entered(known.created(), known.count() + 1));
    }

    void leave(EnvRules.Key env) {
        entered.computeIfPresent(
                env, (key, known) -> known.count() > 1 ? new Entered(known.created(), known.count() - 1) : null);
    }

    boolean contains(EnvRules.Key env) {
        return entered.containsKey(env);
    }

    /** When an environment was created that was entered and not left. */
    Optional<Long> created(EnvRules.Key env) {
        return Optional.ofNullable(entered.get(env)).map(Entered::created);
    }

    boolean isEmpty() {
        return entered.isEmpty();
    }

    /** Once for each time that it was entered. */
    void forEach(Action action) {
        entered.forEach((env, known) -> {
            for (int i = 0; i < known.count(); i++) {
                action.accept(env, known.created());
            }
        });
    }
}
