// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Variables in memory, for hosts that leave the environment of the process alone. Thread-safe. */
public final class MemoryVariables implements VariableStore {
    private final ConcurrentHashMap<String, String> values;

    /** Creates a store without variables. */
    public MemoryVariables() {
        this(Map.of());
    }

    /** Creates a store that begins with these variables. */
    public MemoryVariables(Map<String, String> initial) {
        this.values = new ConcurrentHashMap<>(initial);
    }

    @Override
    public Optional<String> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    @Override
    public void set(String name, String value) {
        values.put(name, value);
    }

    @Override
    public void unset(String name) {
        values.remove(name);
    }

    /** Returns a copy of what is set now. */
    public Map<String, String> toMap() {
        return Map.copyOf(values);
    }
}
