// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import java.util.Optional;

/**
 * A set of environment variables that can be read and changed.
 *
 * <p>Names are not empty and have neither {@code =} nor NUL, values have no NUL. Implementations are thread-safe for
 * single operations; several operations together are not atomic.
 */
public interface VariableStore {
    /** Returns the value of a variable, which may be the empty string, or nothing where it is not set. */
    Optional<String> get(String name);

    /** Sets a variable, replacing its value. Throws {@link genv.api.GenvException} where the system refuses. */
    void set(String name, String value);

    /** Removes a variable; nothing happens where it is not set. */
    void unset(String name);

    /**
     * Remembers what a variable holds now, or that it is not set.
     *
     * <p>A store whose values are not all text overrides this, so that they come back as they were.
     */
    default Remembered remember(String name) {
        Optional<String> value = get(name);
        return value.isPresent() ? () -> set(name, value.get()) : absent(name);
    }

    /** Remembers that a variable was not set. */
    default Remembered absent(String name) {
        return new Absent(this, name);
    }

    /** What a variable held at some time. */
    @FunctionalInterface
    interface Remembered {
        /** Makes the variable hold that again. */
        void restore();

        /** Whether it was not set. */
        default boolean isAbsent() {
            return false;
        }
    }

    /** A variable that was not set. */
    record Absent(VariableStore store, String name) implements Remembered {
        @Override
        public void restore() {
            store.unset(name);
        }

        @Override
        public boolean isAbsent() {
            return true;
        }
    }
}
