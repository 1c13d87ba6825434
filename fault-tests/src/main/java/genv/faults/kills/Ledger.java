// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import genv.testkit.process.Referee;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What one thread has of one kind (devices, or locks), told to the referee as it must be told. */
final class Ledger {
    /** What a device has, in megabytes. */
    static final long CAPACITY = 16_000;

    private final Referee referee;
    private final int holder;
    private final Set<Integer> held = new HashSet<>();
    private long end = Referee.NO_END;

    Ledger(Referee referee, int holder) {
        this.referee = referee;
        this.holder = holder;
    }

    /** To be called after genv has given them; those that are here already are passed over. */
    void got(List<Integer> devices, long megabytes) {
        for (int device : devices) {
            if (held.add(device)) {
                referee.acquired(device, holder, megabytes);
            }
        }
    }

    /**
     * What is held now and until when, to be called after genv has said so; what is not among it is gone. The end comes before
     * what is new: a process that is stopped in between must not have that for ever in the eyes of the referee.
     */
    void holds(List<Integer> devices, long megabytes, long until) {
        for (int device : List.copyOf(held)) {
            if (!devices.contains(device)) {
                givesBack(device);
            }
        }
        end = until;
        referee.lasts(holder, until);
        got(devices, megabytes);
    }

    /** To be called before a time is asked for that may be shorter. */
    void mayEndAt(long until) {
        if (end != Referee.NO_END && until < end) {
            end = until;
            referee.lasts(holder, until);
        }
    }

    /** Whether the time is over. */
    boolean isOver(long now) {
        return end != Referee.NO_END && now >= end;
    }

    /** To be called before it is given back. */
    void givesBack(int device) {
        if (held.remove(device)) {
            referee.released(device, holder);
        }
    }

    /** To be called before everything is given back. */
    void givesAllBack() {
        for (int device : List.copyOf(held)) {
            givesBack(device);
        }
    }

    /** Those that are here, with another share from now on. Before one that is smaller, after one that is larger. */
    void resized(long megabytes) {
        List<Integer> devices = List.copyOf(held);
        givesAllBack();
        got(devices, megabytes);
    }
}
