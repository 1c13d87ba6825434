// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import java.util.Optional;

/**
 * A set of environment variables that can be read and changed.
 *
 * <p>Names are not empty and have neither {@code =} nor NUL, values have no NUL. Implementations are thread-safe for
 * single operations; several together are atomic for those who hold the {@link #monitor} meanwhile.
 */
public interface VariableStore {
    /** Returns the value of a variable, which may be the empty string, or nothing where it is not set. */
    Optional<String> get(String name);

    /** Sets a variable, replacing its value. Throws {@link genv.api.GenvException} where the system refuses. */
    void set(String name, String value);

    /** Removes a variable; nothing happens where it is not set. */
    void unset(String name);

    /** What to synchronize on where several operations belong together. */
    default Object monitor() {
        return this;
    }

    /**
     * Remembers what a variable holds now, or that it is not set.
     *
     * <p>A store whose values are not all text overrides this, so that they come back as they were.
     */
    default Remembered remember(String name) {
        Optional<String> value = get(name);
        if (value.isEmpty()) {
            return Remembered.ABSENT;
        }
        String text = value.get();
        return (store, variable) -> store.set(variable, text);
    }

    /** What a variable of a store held at some time. */
    @FunctionalInterface
    interface Remembered {
        /** It was not set. */
        Remembered ABSENT = VariableStore::unset;

        /** Makes the variable hold that again. */
        void restore(VariableStore store, String name);

        /** Whether it was not set. */
        default boolean isAbsent() {
            return equals(ABSENT);
        }
    }
}
