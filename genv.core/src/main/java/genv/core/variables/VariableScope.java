// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.GenvException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A set of variables applied to a store for a time; on close every variable gets back what it held before.
 *
 * <p>"Before" is the moment when this scope first touched the variable. If other code changes one of them meanwhile,
 * its change is overwritten on close, and earlier where an update changes that variable; an update leaves alone what
 * it does not change. Two scopes on one store at the same time therefore have to be closed in reverse order.
 *
 * <p>Applying a set is all or nothing as far as the store allows: if a step fails, the steps before it are taken back
 * and {@link GenvException} says which variable failed; a step that cannot be taken back is a suppressed exception.
 *
 * <p>Thread-safe. The environment of a process has no lock that native code would respect, so while a set is applied
 * others may see a part of it.
 */
public final class VariableScope implements AutoCloseable {
    private final VariableStore store;
    private final ReentrantLock lock = new ReentrantLock();

    /** What each touched variable held before the scope touched it. */
    private final LinkedHashMap<String, VariableStore.Remembered> before = new LinkedHashMap<>();

    private EnvironmentVariables applied;
    private boolean closed;

    private VariableScope(VariableStore store, EnvironmentVariables variables) {
        this.store = store;
        this.applied = variables;
    }

    /** Applies the variables and remembers what stood before. If that fails, everything is as it was. */
    public static VariableScope open(VariableStore store, EnvironmentVariables variables) {
        VariableScope scope = new VariableScope(store, variables);
        scope.change(Map.of(), variables.entries());
        return scope;
    }

    /** Returns the variables that are applied now, or were at last if the scope is closed. */
    public EnvironmentVariables variables() {
        lock.lock();
        try {
            return applied;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Changes the applied variables; one that the new set does not speak of gets back what it held before.
     *
     * @throws GenvException if the store refuses a change (all is then as before the call), or the scope is closed
     */
    public void update(EnvironmentVariables variables) {
        lock.lock();
        try {
            if (closed) {
                throw new GenvException("variables cannot be changed after their environment was left: eid="
                        + applied.set().getOrDefault(VariableNames.GENV_ENVIRONMENT_ID, ""));
            }
            change(applied.entries(), variables.entries());
            applied = variables;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives every variable back what it held before, or removes it where it was not set. A second call does nothing,
     * except to try again what could not be given back.
     *
     * @throws GenvException if the store refused for some; all the others are back
     */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            Failures failures = new Failures();
            before.entrySet().removeIf(entry -> failures.attempt(entry.getKey(), entry.getValue()::restore));
            failures.throwIfAny("variables could not be restored");
        } finally {
            lock.unlock();
        }
    }

    /**
     * Goes from one set to another. Everything that is to be overwritten is remembered before the first write, and each
     * step has its way back: to what the scope had set, or to what stood before the scope.
     */
    private void change(Map<String, Optional<String>> from, Map<String, Optional<String>> to) {
        Map<String, VariableStore.Remembered> held = remember(from, to);
        LinkedHashMap<String, Runnable> steps = new LinkedHashMap<>();
        to.forEach((name, value) -> {
            if (!value.equals(from.get(name))) {
                steps.put(name, () -> write(name, value));
            }
        });
        from.keySet().stream()
                .filter(name -> !to.containsKey(name))
                .forEach(name -> steps.put(name, () -> restore(before, name)));

        LinkedHashMap<String, Runnable> back = new LinkedHashMap<>();
        Failures failures = new Failures();
        for (Map.Entry<String, Runnable> step : steps.entrySet()) {
            String name = step.getKey();
            // The failing step itself is taken back too: a store may have done it in part.
            back.putFirst(
                    name,
                    from.containsKey(name)
                            ? () -> write(name, from.getOrDefault(name, Optional.empty()))
                            : () -> restore(held, name));
            if (!failures.attempt(name, step.getValue())) {
                back.forEach(failures::attempt);
                failures.throwIfAny("variables could not be set");
            }
        }
        before.putAll(held);
        before.keySet().retainAll(to.keySet());
    }

    private Map<String, VariableStore.Remembered> remember(
            Map<String, Optional<String>> from, Map<String, Optional<String>> to) {
        LinkedHashMap<String, VariableStore.Remembered> held = new LinkedHashMap<>();
        Failures failures = new Failures();
        to.keySet().stream()
                .filter(name -> !from.containsKey(name))
                .forEach(name -> failures.attempt(name, () -> held.put(name, store.remember(name))));
        failures.throwIfAny("variables could not be read, nothing was changed");
        return held;
    }

    private static void restore(Map<String, VariableStore.Remembered> remembered, String name) {
        VariableStore.Remembered value = remembered.get(name);
        if (value != null) {
            value.restore();
        }
    }

    private void write(String name, Optional<String> value) {
        if (value.isPresent()) {
            store.set(name, value.get());
        } else {
            store.unset(name);
        }
    }
}
