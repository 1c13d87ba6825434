// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.GenvException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
    private Map<String, VariableStore.Remembered> before = Map.of();

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
        List<String> touched = new ArrayList<>(to.size());
        Failures failures = new Failures();
        for (Map.Entry<String, Optional<String>> entry : to.entrySet()) {
            String name = entry.getKey();
            Optional<String> value = entry.getValue();
            VariableStore.Remembered old = held.get(name);
            boolean same = old == null ? value.equals(from.get(name)) : value.isEmpty() && old.isAbsent();
            if (!same) {
                step(failures, touched, name, () -> write(name, value), from, held);
            }
        }
        for (String name : from.keySet()) {
            if (!to.containsKey(name)) {
                step(failures, touched, name, () -> restore(before, name), from, held);
            }
        }
        if (before.isEmpty()) {
            before = held;
        } else {
            before.putAll(held);
            before.keySet().retainAll(to.keySet());
        }
    }

    /** Makes one step; if it fails, takes it back and all before it, and throws. */
    private void step(
            Failures failures,
            List<String> touched,
            String name,
            Runnable step,
            Map<String, Optional<String>> from,
            Map<String, VariableStore.Remembered> held) {
        touched.add(name); // also a step that fails is taken back: a store may have done it in part
        if (failures.attempt(name, step)) {
            return;
        }
        for (String done : touched.reversed()) {
            Optional<String> was = from.get(done);
            failures.attempt(done, was != null ? () -> write(done, was) : () -> restore(held, done));
        }
        failures.throwIfAny("variables could not be set");
    }

    private Map<String, VariableStore.Remembered> remember(
            Map<String, Optional<String>> from, Map<String, Optional<String>> to) {
        Map<String, VariableStore.Remembered> held = new LinkedHashMap<>();
        Failures failures = new Failures();
        for (String name : to.keySet()) {
            if (!from.containsKey(name)) {
                failures.attempt(name, () -> held.put(name, store.remember(name)));
            }
        }
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
