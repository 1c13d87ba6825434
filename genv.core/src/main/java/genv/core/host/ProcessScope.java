// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.AlreadyActiveException;
import genv.api.GenvException;
import genv.api.LeaseListener;
import genv.core.backend.DeviceTable;
import genv.core.model.EnvBlock;
import genv.core.rules.EnvRules;
import genv.core.state.CrashPoint;
import genv.core.store.Store;
import genv.core.variables.EnvironmentVariables;
import genv.core.variables.VariableNames;
import genv.core.variables.VariableScope;
import genv.core.variables.VariableStore;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one environment that the whole process is in: inherited when it was started, or activated since.
 *
 * <p>States: none; activating, by one thread; active, with the variables set; inherited, for good. Guarded by this object's
 * monitor, which is not held while an activation waits for devices.
 */
final class ProcessScope {
    private final Supplier<Store> store;
    private final HostInventory inventory;
    private final VariableStore variables;
    private final Supplier<MemberWatch> members;
    private final LockRegistry locks;
    private final Supplier<LeaseWatch> leases;
    private volatile @Nullable EnvSession session;
    private boolean activating;
    private boolean closed;
    private @Nullable ProcessActivation activation;
    private @Nullable VariableScope applied;
    /** The environment as it was when the variables were applied. */
    private @Nullable EnvBlock appliedTo;

    /** The devices by which they were named then. */
    private @Nullable DeviceTable appliedBy;

    ProcessScope(
            Supplier<Store> store,
            HostInventory inventory,
            VariableStore variables,
            Supplier<MemberWatch> members,
            LockRegistry locks,
            Supplier<LeaseWatch> leases) {
        this.store = store;
        this.inventory = inventory;
        this.variables = variables;
        this.members = members;
        this.locks = locks;
        this.leases = leases;
        this.session =
                inheritedEid().map(eid -> EnvSession.inherited(store, eid)).orElse(null);
    }

    /** The environment of this process, or null. */
    @Nullable
    EnvSession session() {
        return session;
    }

    /** Activates what {@code activate} brings about in the state, and sets the variables. */
    ProcessActivation activate(Function<Store, EnvBlock> activate, Optional<LeaseListener> listener) {
        begin();
        boolean done = false;
        try {
            Store opened = store.get();
            EnvBlock block = activate.apply(opened);
            CrashPoint.ACTIVATED.reach();
            ProcessActivation result = enter(opened, block);
            leases.get().enter(result.session(), block, listener);
            done = true;
            return result;
        } finally {
            if (!done) {
                end();
            }
        }
    }

    private synchronized void begin() {
        EnvSession known = session;
        if (known != null && activation == null && inheritedEid().isEmpty()) {
            known = null; // it was another host's of this process, which has closed it since
            session = null;
        }
        Optional<String> eid = known != null ? known.optionalEid() : inheritedEid();
        if (eid.isPresent()) {
            throw new AlreadyActiveException("an environment is active already: eid=" + eid.get() + " pid="
                    + ProcessHandle.current().pid()
                    + "; close it first, or use Genv.call for an environment of a part of the program");
        }
        if (activating) {
            throw new AlreadyActiveException("another thread is activating an environment: pid="
                    + ProcessHandle.current().pid()
                    + "; activate once for the process, or use Genv.call in each thread");
        }
        activating = true;
    }

    private synchronized void end() {
        activating = false;
    }

    private synchronized ProcessActivation enter(Store opened, EnvBlock block) {
        VariableScope scope = null;
        try {
            if (closed) {
                throw new IllegalStateException("the host was closed while an environment was being activated: eid="
                        + block.eid() + "; open another host");
            }
            appliedBy =
                    inventory.known().orElse(null); // before they name anything: what is read later makes other names
            scope = VariableScope.open(variables, inventory.variables(block));
        } finally {
            if (scope == null) {
                opened.leave(EnvRules.Key.of(block), opened.caller().member());
            }
        }
        CrashPoint.VARIABLES_SET.reach();
        EnvSession entered = EnvSession.of(opened, block);
        locks.enter(entered.key());
        ProcessActivation result = new ProcessActivation(this, entered, leases.get());
        applied = scope;
        appliedTo = block;
        activation = result;
        session = entered;
        activating = false;
        return result;
    }

    /** Makes the variables agree with the environment as it is now. */
    synchronized void refreshVariables() {
        VariableScope scope = applied;
        EnvSession known = session;
        EnvBlock block = known == null ? null : known.view().block();
        if (block == null) {
            return;
        }
        appliedBy = inventory.known().orElse(null);
        if (scope == null) { // inherited: the variables are the parent's until something changes
            applied = VariableScope.open(variables, inventory.variables(block));
        } else {
            scope.update(inventory.variables(block));
        }
        appliedTo = block;
    }

    void adopt(EnvSession target, ProcessHandle process) {
        members.get().adopt(target.key(), process);
    }

    EnvironmentVariables variablesOf(EnvSession target) {
        EnvBlock block = EnvRules.require(target.view().block(), target.eid());
        inventory.renew(); // a device that was lost since gives others another name
        synchronized (this) {
            if (applied != null
                    && appliedTo == block
                    && appliedBy == inventory.known().orElse(null)) {
                return applied.variables();
            }
        }
        return inventory.variables(block);
    }

    /** Leaves the environment and restores the variables, the latter whatever happens. */
    synchronized void leave(ProcessActivation left) {
        VariableScope scope = applied;
        if (activation != left || scope == null) {
            return;
        }
        EnvSession target = left.session();
        try {
            Store opened = target.store();
            locks.leave(target.key());
            opened.leave(target.key(), opened.caller().member());
            CrashPoint.LEFT.reach();
        } finally {
            session = null;
            activation = null;
            applied = null;
            appliedTo = null;
            appliedBy = null;
            scope.close();
        }
    }

    /** Closes the activation, if there is one, and gives the variables of an inherited environment back. */
    void close() {
        ProcessActivation open;
        VariableScope inherited = null;
        synchronized (this) {
            closed = true;
            open = activation;
            if (open == null) {
                inherited = applied;
                applied = null;
            }
        }
        if (open != null) {
            open.close();
        } else if (inherited != null) {
            inherited.close();
        }
    }

    private Optional<String> inheritedEid() {
        return variables.get(VariableNames.GENV_ENVIRONMENT_ID).filter(eid -> !eid.isEmpty());
    }

    /** For messages of operations that need an environment. */
    static GenvException notActive(String operation) {
        return new genv.api.NotActiveException("no environment is active: operation=" + operation + " pid="
                + ProcessHandle.current().pid() + "; call Genv.activate first, or run inside Genv.call");
    }
}
