// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.GenvException;
import genv.core.live.ProcessIdentity;
import genv.core.model.Member;
import genv.core.rules.EnvRules;
import genv.core.store.Store;
import java.lang.System.Logger.Level;
import java.util.Optional;

/**
 * Makes other processes members of an environment, and takes them out when they end.
 *
 * <p>Should this process end before them, whoever needs what they hold looks at their pid and start time.
 */
final class MemberWatch {
    private final Store store;
    private volatile boolean closed;

    MemberWatch(Store store) {
        this.store = store;
    }

    /** Adopts a process; one that has ended already is passed over. */
    void adopt(EnvRules.Key env, ProcessHandle process) {
        if (process.pid() == ProcessHandle.current().pid()) {
            return; // is a member already
        }
        Optional<ProcessIdentity> identity = ProcessIdentity.of(process);
        if (identity.isEmpty()) {
            return;
        }
        ProcessIdentity id = identity.get();
        Member member = Member.adopted(id.startTicks(), id.pid(), id.pidNamespace());
        store.adopt(env, member);
        var _ = process.onExit().thenRun(() -> ended(env, member));
    }

    private void ended(EnvRules.Key env, Member member) {
        if (closed) {
            return; // others find the process dead when they need what it held
        }
        try {
            store.leave(env, member);
        } catch (GenvException | IllegalStateException gone) {
            System.getLogger("genv.core.host")
                    .log(Level.DEBUG, "a process that ended could not be taken out of " + env.eid(), gone);
        }
    }

    void close() {
        closed = true;
    }
}
