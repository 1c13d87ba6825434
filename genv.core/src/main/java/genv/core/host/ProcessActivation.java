// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.core.rules.PolicyCall;
import genv.core.state.CrashPoint;
import genv.core.variables.EnvironmentVariables;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The environment of this process, until it is closed. */
final class ProcessActivation implements Activation {
    private final ProcessScope scope;
    private final EnvSession session;
    private final LeaseWatch leases;
    private volatile boolean isOpen = true;

    ProcessActivation(ProcessScope scope, EnvSession session, LeaseWatch leases) {
        this.scope = scope;
        this.session = session;
        this.leases = leases;
    }

    EnvSession session() {
        return session;
    }

    @Override
    public String eid() {
        return session.eid();
    }

    @Override
    public EnvConfig configuration() {
        return isOpen ? session.view().config() : EnvConfig.empty();
    }

    @Override
    public List<Integer> devices() {
        return isOpen ? session.view().devices() : List.of();
    }

    @Override
    public Optional<Instant> leaseEnd() {
        return isOpen ? session.leaseEnd() : Optional.empty();
    }

    @Override
    public Instant renew(Duration duration) {
        mustBeOpen();
        return leases.renew(session, duration);
    }

    @Override
    public Map<String, String> variables() {
        return current().set();
    }

    @Override
    public ProcessBuilder applyTo(ProcessBuilder builder) {
        current().applyTo(builder.environment());
        return builder;
    }

    @Override
    public Process start(ProcessBuilder builder) throws IOException {
        mustBeOpen();
        Process process = applyTo(builder).start();
        boolean done = false;
        try {
            CrashPoint.STARTED.reach();
            adopt(process.toHandle());
            done = true;
            return process;
        } finally {
            if (!done) {
                process.destroyForcibly(); // it would work on devices that nothing keeps for it
            }
        }
    }

    @Override
    public void adopt(ProcessHandle process) {
        mustBeOpen();
        scope.adopt(session, process);
    }

    @Override
    public void close() {
        PolicyCall.refuse();
        if (isOpen) {
            isOpen = false;
            leases.leave(session);
            scope.leave(this); // once, whoever calls it
        }
    }

    private EnvironmentVariables current() {
        mustBeOpen();
        return scope.variablesOf(session);
    }

    private void mustBeOpen() {
        if (!isOpen) {
            throw new genv.api.NotActiveException("the activation is closed: eid=" + eid() + "; activate again");
        }
    }

    @Override
    public String toString() {
        return "Activation[eid=" + eid() + ", devices=" + devices() + ", open=" + isOpen + "]";
    }
}
