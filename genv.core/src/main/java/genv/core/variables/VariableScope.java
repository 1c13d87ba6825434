// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.GenvException;
import genv.core.variables.VariableStore.Remembered;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

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
 * <p>Thread-safe, and sets are applied one after the other, by the monitor of the store. The environment of a process
 * has no lock that native code would respect, so while a set is applied others may see a part of it.
 */
public final class VariableScope implements AutoCloseable {
    private static final Remembered[] NONE_SET = {};

    private final VariableStore store;
    private EnvironmentVariables applied = EnvironmentVariables.NONE;

    /** What each of those applied held before; {@link #NONE_SET} where none of them was set. */
    private Remembered[] before = NONE_SET;

    /** A bit for each of those applied that is still to be given back. */
    private int owed;

    private boolean closed;

    private VariableScope(VariableStore store) {
        this.store = store;
    }

    /** Applies the variables and remembers what stood before. If that fails, everything is as it was. */
    public static VariableScope open(VariableStore store, EnvironmentVariables variables) {
        VariableScope scope = new VariableScope(store);
        synchronized (store.monitor()) {
            scope.change(variables);
        }
        return scope;
    }

    /** Returns the variables that are applied now, or were at last if the scope is closed. */
    public EnvironmentVariables variables() {
        synchronized (store.monitor()) {
            return applied;
        }
    }

    /**
     * Changes the applied variables; one that the new set does not speak of gets back what it held before.
     *
     * @throws GenvException if the store refuses a change (all is then as before the call), or the scope is closed
     */
    public void update(EnvironmentVariables variables) {
        synchronized (store.monitor()) {
            if (closed) {
                throw new GenvException("variables cannot be changed after their environment was left: eid="
                        + applied.set().getOrDefault(VariableNames.GENV_ENVIRONMENT_ID, ""));
            }
            change(variables);
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
        synchronized (store.monitor()) {
            closed = true;
            Failures failures = null;
            for (int i = 0; i < applied.size(); i++) {
                int bit = 1 << i;
                if ((owed & bit) == 0) {
                    continue;
                }
                try {
                    giveBack(i);
                    owed &= ~bit;
                } catch (RuntimeException | LinkageError failure) {
                    failures = Failures.add(failures, applied.name(i), failure);
                }
            }
            if (failures != null) {
                throw failures.exception("variables could not be restored");
            }
        }
    }

    /** A variable that is as it was, which is cheaper to see than to bring about, is left alone. */
    private void giveBack(int position) {
        Remembered was = held(before, position);
        String name = applied.name(position);
        boolean isUntouched = was.isAbsent() && applied.value(position) == null;
        if (!isUntouched || store.get(name).isPresent()) {
            was.restore(store, name);
        }
    }

    /**
     * Goes from what is applied to another set. Everything that is to be overwritten is remembered before the first write, and
     * each step has its way back: to what the scope had set, or to what stood before the scope.
     *
     * <p>The first steps set what the other set speaks of; the rest give back what it does not speak of any more.
     */
    private void change(EnvironmentVariables to) {
        Remembered[] held = remember(to);
        int steps = to.size() + applied.size();
        for (int step = 0; step < steps; step++) {
            try {
                forward(step, to, held);
            } catch (RuntimeException | LinkageError failure) { // the latter: native access that is denied or missing
                throw takenBack(step, failure, to, held).exception("variables could not be set");
            }
        }
        applied = to;
        before = held;
        owed = (1 << to.size()) - 1;
    }

    /** What the variables of another set held before this scope touched them. */
    private Remembered[] remember(EnvironmentVariables to) {
        Remembered[] held = NONE_SET;
        Failures failures = null;
        for (int i = 0; i < to.size(); i++) {
            try {
                int known = applied.indexOf(to.name(i), i);
                Remembered value = known >= 0 ? held(before, known) : store.remember(to.name(i));
                if (!value.isAbsent()) {
                    held = held.length > 0 ? held : noneOf(to);
                    held[i] = value;
                }
            } catch (RuntimeException | LinkageError failure) {
                failures = Failures.add(failures, to.name(i), failure);
            }
        }
        if (failures != null) {
            throw failures.exception("variables could not be read, nothing was changed");
        }
        return held;
    }

    private static Remembered[] noneOf(EnvironmentVariables variables) {
        Remembered[] held = new Remembered[variables.size()];
        Arrays.fill(held, Remembered.ABSENT);
        return held;
    }

    private static Remembered held(Remembered[] held, int position) {
        return held.length == 0 ? Remembered.ABSENT : held[position];
    }

    private void forward(int step, EnvironmentVariables to, Remembered[] held) {
        if (step < to.size()) {
            if (isChanged(to, step, held)) {
                write(to.name(step), to.value(step));
            }
            return;
        }
        int left = step - to.size();
        if (to.indexOf(applied.name(left), left) < 0) {
            held(before, left).restore(store, applied.name(left));
        }
    }

    private void backward(int step, EnvironmentVariables to, Remembered[] held) {
        if (step < to.size()) {
            int known = applied.indexOf(to.name(step), step);
            if (!isChanged(to, step, held)) {
                return;
            }
            if (known >= 0) {
                write(to.name(step), applied.value(known));
            } else {
                held(held, step).restore(store, to.name(step));
            }
            return;
        }
        int left = step - to.size();
        if (to.indexOf(applied.name(left), left) < 0) {
            write(applied.name(left), applied.value(left));
        }
    }

    private boolean isChanged(EnvironmentVariables to, int position, Remembered[] held) {
        int known = applied.indexOf(to.name(position), position);
        String value = to.value(position);
        return known >= 0
                ? !Objects.equals(value, applied.value(known))
                : value != null || !held(held, position).isAbsent();
    }

    /** Takes a step back that has failed, since the store may have done it in part, and all before it. */
    private Failures takenBack(int failed, Throwable cause, EnvironmentVariables to, Remembered[] held) {
        Failures failures = Failures.add(null, nameAt(failed, to), cause);
        for (int step = failed; step >= 0; step--) {
            try {
                backward(step, to, held);
            } catch (RuntimeException | LinkageError failure) {
                failures = Failures.add(failures, nameAt(step, to), failure);
            }
        }
        return failures;
    }

    private String nameAt(int step, EnvironmentVariables to) {
        return step < to.size() ? to.name(step) : applied.name(step - to.size());
    }

    private void write(String name, @Nullable String value) {
        if (value != null) {
            store.set(name, value);
        } else {
            store.unset(name);
        }
    }
}
