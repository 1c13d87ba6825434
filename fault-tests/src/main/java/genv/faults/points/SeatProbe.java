// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import genv.core.live.LifeLocks;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that uses no state and asks the kernel again and again whether seats are locked: so the time until the kernel has
 * ended a process can be told from the time that genv takes.
 */
final class SeatProbe implements AutoCloseable {
    private static final long PAUSE_NANOS = 250_000;

    private final ChildJvm child = ChildJvm.of(Prober.class).start();
    private int watched;

    /**
     * When a seat was released, of {@link System#nanoTime}: between two questions.
     *
     * @param held when the last question was asked to which the answer was that it is locked
     * @param free when the answer had come that it is not
     */
    record Release(long held, long free) {}

    /** Has a seat watched in the next round; the number under which its release is found then. */
    int watch(Path state, long token) {
        child.tell("watch " + token + " " + state);
        return watched++;
    }

    /** Begins to ask; on return every seat was seen locked. */
    void begin() {
        child.tell("begin");
        child.expect("all are held");
    }

    /** Waits until all are released, and begins another round. */
    List<Release> releases() {
        List<Release> releases = new ArrayList<>();
        for (; watched > 0; watched--) {
            String[] said = child.next().split(" ", 2);
            releases.add(new Release(Long.parseLong(said[0]), Long.parseLong(said[1])));
        }
        return releases;
    }

    @Override
    public void close() {
        child.kill();
        child.close();
    }

    /** The process itself. */
    private static final class Prober implements ChildTask {
        private record Seat(LifeLocks locks, long token) {}

        @Override
        public void run(ChildContext context) throws InterruptedException {
            List<Seat> seats = new ArrayList<>();
            while (true) {
                String[] told = context.receive().split(" ", 3);
                if (told[0].equals("watch")) {
                    seats.add(new Seat(LifeLocks.open(Path.of(told[2]).resolve("genv.live")), Long.parseLong(told[1])));
                } else {
                    probe(context, seats);
                    seats.forEach(seat -> seat.locks().close());
                    seats.clear();
                }
            }
        }

        private static void probe(ChildContext context, List<Seat> seats) {
            long[] held = new long[seats.size()];
            long[] free = new long[seats.size()];
            int left = seats.size();
            for (int i = 0; i < held.length; i++) {
                held[i] = System.nanoTime();
                if (!seats.get(i).locks().isHeld(seats.get(i).token())) {
                    throw new AssertionError("nobody has the seat: " + seats.get(i));
                }
            }
            context.send("all are held");
            while (left > 0) {
                for (int i = 0; i < held.length; i++) {
                    long asked = System.nanoTime();
                    if (free[i] != 0) {
                        continue;
                    }
                    if (seats.get(i).locks().isHeld(seats.get(i).token())) {
                        held[i] = asked;
                    } else {
                        free[i] = System.nanoTime();
                        left--;
                    }
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            for (int i = 0; i < held.length; i++) {
                context.send(held[i] + " " + free[i]);
            }
        }
    }
}
