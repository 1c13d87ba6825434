// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The variables that a process in an environment has, as a map in their order. They are so few that a search is no slower. */
final class PresentVariables extends AbstractMap<String, String> {
    private final EnvironmentVariables variables;

    PresentVariables(EnvironmentVariables variables) {
        this.variables = variables;
    }

    @Override
    public @Nullable String get(@Nullable Object key) {
        int position = key instanceof String name ? variables.indexOf(name, 0) : -1;
        return position < 0 ? null : variables.value(position);
    }

    @Override
    public boolean containsKey(@Nullable Object key) {
        return get(key) != null;
    }

    @Override
    public int size() {
        int size = 0;
        for (int i = 0; i < variables.size(); i++) {
            size += variables.value(i) != null ? 1 : 0;
        }
        return size;
    }

    @Override
    public Set<Map.Entry<String, String>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Map.Entry<String, String>> iterator() {
                return new Entries(variables);
            }

            @Override
            public int size() {
                return PresentVariables.this.size();
            }
        };
    }

    private static final class Entries implements Iterator<Map.Entry<String, String>> {
        private final EnvironmentVariables variables;
        private int next;

        Entries(EnvironmentVariables variables) {
            this.variables = variables;
        }

        @Override
        public boolean hasNext() {
            while (next < variables.size() && variables.value(next) == null) {
                next++;
            }
            return next < variables.size();
        }

        @Override
        public Map.Entry<String, String> next() {
            String value = hasNext() ? variables.value(next) : null;
            if (value == null) {
                throw new NoSuchElementException();
            }
            return Map.entry(variables.name(next++), value);
        }
    }
}
