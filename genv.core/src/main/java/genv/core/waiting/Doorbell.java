// SPDX-License-Identifier: Apache-2.0
package genv.core.waiting;

import genv.core.os.Futex;
import genv.core.state.CrashPoint;
import genv.core.state.StateMemory;
import java.util.concurrent.locks.LockSupport;

/** Where this process sleeps until another one rings: a futex word of the state file, or a look now and then. */
final class Doorbell {
    /** How often the word is looked at where there is no futex. */
    private static final long POLL_NANOS = 1_000_000;

    private final StateMemory memory;
    private final long token;

    Doorbell(StateMemory memory, long token) {
        this.memory = memory;
        this.token = token;
    }

    /** How often it rang, as far as that can be seen now. */
    int rings() {
        return memory.ringsAcquire(token);
    }

    /** Sleeps for at most so long, unless it has rung more often than that. It may end earlier, for no reason. */
    void await(int rings, long nanos) {
        if (!Futex.isSupported()) {
            LockSupport.parkNanos(this, Math.min(nanos, POLL_NANOS));
        } else if (memory.announceSleep(token, rings)) {
            Futex.await(memory.doorbell(token), StateMemory.asleep(rings), nanos);
        }
    }

    /** Rings at the process of a token, and wakes it if it sleeps. */
    void ring(long sleeper) {
        boolean sleeps = memory.ring(sleeper);
        CrashPoint.RINGING.reach();
        if (sleeps && Futex.isSupported()) {
            Futex.wakeAll(memory.doorbell(sleeper));
        }
    }

    /** Wakes who sleeps in this process. */
    void ringHere() {
        ring(token);
    }
}
