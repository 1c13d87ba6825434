// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The variables of a process in an environment: those that it has, and those that it must not have.
 *
 * <p>A part of the configuration that is absent makes its variable absent too, even where the parent process has it:
 * it would speak of another environment. Such variables are in {@link #unset()}. Variables that are in neither set are
 * none of this library's business. {@link HostVariables} says which there are.
 *
 * <p>Immutable. Positions and iteration are in the order in which the variables are to be set.
 */
public final class EnvironmentVariables {
    static final EnvironmentVariables NONE = new EnvironmentVariables(new String[0], new String[0]);

    private final String[] names;
    private final @Nullable String[] values;

    /**
     * The arguments are kept, not copied.
     *
     * @param values null for a variable that must be absent
     * @throws IllegalArgumentException if a value cannot be held by a variable, because it has a NUL
     */
    EnvironmentVariables(String[] names, @Nullable String[] values) {
        this.names = names;
        this.values = values;
        for (int i = 0; i < values.length; i++) {
            String value = values[i];
            if (value != null && value.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("value cannot be held by an environment variable: variable="
                        + names[i] + ", position of NUL=" + value.indexOf('\0') + "; remove the NUL");
            }
        }
    }

    /** Of how many variables this set speaks. */
    int size() {
        return names.length;
    }

    String name(int position) {
        return names[position];
    }

    /** The value of a variable, or null where it must be absent. */
    @Nullable
    String value(int position) {
        return values[position];
    }

    /** The position of a variable, or -1 where this set does not speak of it. {@code guess}: where it is likely to be. */
    int indexOf(String name, int guess) {
        if (guess < names.length && names[guess].equals(name)) {
            return guess;
        }
        for (int i = 0; i < names.length; i++) {
            if (names[i].equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the variables that the process has. The map has an order of its own and cannot be changed. */
    public Map<String, String> set() {
        return new PresentVariables(this);
    }

    /** Returns the variables that the process must not have. The set cannot be changed. */
    public Set<String> unset() {
        LinkedHashSet<String> unset = new LinkedHashSet<>();
        for (int i = 0; i < names.length; i++) {
            if (values[i] == null) {
                unset.add(names[i]);
            }
        }
        return Collections.unmodifiableSet(unset);
    }

    /** Sets and removes in a child's variables, such as {@link ProcessBuilder#environment()}; the rest stays. */
    public void applyTo(Map<String, String> environment) {
        for (int i = 0; i < names.length; i++) {
            String value = values[i];
            if (value != null) {
                environment.put(names[i], value);
            } else {
                environment.remove(names[i]);
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EnvironmentVariables that
                && Arrays.equals(names, that.names)
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(names) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "set=" + set() + ", unset=" + unset();
    }
}
