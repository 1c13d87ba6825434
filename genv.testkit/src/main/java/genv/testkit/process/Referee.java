// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Sees from outside of genv whether a device, or more of one than there is, is given to two at once.
 *
 * <p>Parent and children share a file that has nothing to do with genv's state. Each child has a number of its own,
 * its <em>holder</em>. It says {@link #acquired} after genv has given it something, and {@link #released} before it
 * gives that back, so that what the referee knows to be held is never more than what genv has given. Where that is
 * more than the device's capacity even so, genv gave something twice: this is recorded in the file, and thrown.
 *
 * <p>A child that is killed releases nothing, while genv gives its devices to the next one. The parent therefore calls
 * {@link #dooming} before the kill and {@link #died} after the death ({@link #kill} does it all). Who is given what a
 * doomed holder has waits, within {@code acquired}, until that one is declared dead. So no kill is taken for an error;
 * what goes unseen is only something that is given twice between the parent's announcement and the death.
 *
 * <p>Amounts are in a unit of the test's choice, such as MB of memory. Thread-safe, also between processes; a kill at
 * any point of any method does no harm, since each entry is one word that changes by one compare-and-set.
 */
public final class Referee implements AutoCloseable {
    /** Stands for a time without an end: see {@link #lasts}. */
    public static final long NO_END = 0;

    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final RefereeFile file;
    private final LongSupplier clock;

    private Referee(RefereeFile file, LongSupplier clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * Makes the file; the parent does this.
     *
     * @param file where there must be nothing yet
     * @param devices the number of devices
     * @param capacity of each device, from 1 to 4294967295
     * @param holders the highest holder, up to 1048575; a killed holder's number is not used again
     * @return the referee
     */
    public static Referee create(Path file, int devices, long capacity, int holders) {
        return create(file, devices, capacity, holders, Referee::noClock);
    }

    /**
     * Makes the file, for tests in which something is given for a time: see {@link #lasts}.
     *
     * @param file where there must be nothing yet
     * @param devices the number of devices
     * @param capacity of each device, from 1 to 4294967295
     * @param holders the highest holder, up to 1048575; a killed holder's number is not used again
     * @param clock the time now, the same in all processes; in a unit of the test's choice
     * @return the referee
     */
    public static Referee create(Path file, int devices, long capacity, int holders, LongSupplier clock) {
        try {
            return new Referee(RefereeFile.create(file, devices, capacity, holders), clock);
        } catch (IOException e) {
            throw new UncheckedIOException("file of the referee cannot be made: file=" + file, e);
        }
    }

    /**
     * Opens the file that the parent has made; children do this.
     *
     * @param file what the parent has made
     * @return the referee
     */
    public static Referee open(Path file) {
        return open(file, Referee::noClock);
    }

    /**
     * Opens the file that the parent has made, for tests in which something is given for a time: see {@link #lasts}.
     *
     * @param file what the parent has made
     * @param clock the time now, as the parent has it
     * @return the referee
     */
    public static Referee open(Path file, LongSupplier clock) {
        try {
            return new Referee(RefereeFile.open(file), clock);
        } catch (IOException e) {
            throw new UncheckedIOException("file of the referee cannot be opened: file=" + file, e);
        }
    }

    /**
     * Says that a holder was given a whole device.
     *
     * @param device the index of the device
     * @param holder who was given it
     * @throws AssertionError where somebody else has any of it
     */
    public void acquired(int device, int holder) {
        acquired(device, holder, file.capacity());
    }

    /**
     * Says that a holder was given a share of a device.
     *
     * @param device the index of the device
     * @param holder who was given it
     * @param amount how much of it
     * @throws AssertionError where all shares together are more than the device has
     */
    public void acquired(int device, int holder, long amount) {
        if (amount < 1 || amount > file.capacity()) {
            throw new IllegalArgumentException("bad amount: amount=" + amount + ", capacity=" + file.capacity());
        }
        if (file.fate(holder) == RefereeFile.DEAD) {
            throw violation("dead holder was given a device: holder=" + holder + ", device=" + device);
        }
        file.enter(device, holder, amount);
        requireNotTwice(device, holder);
    }

    /**
     * Says until when a holder has what it has, and what it will be given: from that moment on nothing of it counts. To be
     * called after genv has given or prolonged it, and before the devices are told of; before it is cut short. Nothing is
     * taken from the holder here: what it had it still has to say {@link #released} of, or to be given again.
     *
     * @param holder whose
     * @param end the moment, by the clock; {@link #NO_END} for as long as it likes
     * @throws AssertionError where somebody else has been given any of it
     */
    public void lasts(int holder, long end) {
        file.setEnd(holder, end);
        for (int device = 0; device < file.devices(); device++) {
            if (file.entries(device).stream().anyMatch(entry -> entry.holder() == holder)) {
                requireNotTwice(device, holder);
            }
        }
    }

    private void requireNotTwice(int device, int holder) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            List<RefereeFile.Entry> entries = file.entries(device);
            if (sum(entries, true) <= file.capacity()) {
                return;
            }
            // an entry that has gone may have been counted by an end that is none of its own
            if (sum(entries, false) > file.capacity() && entries.equals(file.entries(device))) {
                throw violation("device was given twice: device=" + device + ", by=" + holder + ", capacity="
                        + file.capacity() + ", held=" + entries);
            }
            if (System.nanoTime() - end > 0) {
                throw violation("doomed holder was never declared dead: device=" + device + ", by=" + holder + ", held="
                        + entries);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /**
     * Says that a holder will give back all that it has of a device.
     *
     * @param device the index of the device
     * @param holder who gives it back
     * @throws AssertionError where it has nothing of it
     */
    public void released(int device, int holder) {
        if (!file.leave(device, holder)) {
            throw violation("holder releases what it does not have: device=" + device + ", holder=" + holder);
        }
    }

    /**
     * Says that a holder may be killed from now on.
     *
     * @param holder who may be killed
     */
    public void dooming(int holder) {
        file.setFate(holder, RefereeFile.DOOMED);
    }

    /**
     * Says that a holder is dead, and so has nothing any more.
     *
     * @param holder who is dead
     */
    public void died(int holder) {
        file.setFate(holder, RefereeFile.DEAD);
        for (int device = 0; device < file.devices(); device++) {
            file.leave(device, holder);
        }
    }

    /**
     * Kills a child with all that belongs to it here.
     *
     * @param child the child
     * @param holder its number here
     */
    public void kill(ChildJvm child, int holder) {
        dooming(holder);
        child.kill();
        died(holder);
    }

    /**
     * {@return how much of a device is held now}
     *
     * @param device the index of the device
     */
    public long held(int device) {
        return sum(file.entries(device), true);
    }

    /** {@return what was wrong until now, in the words of the exceptions that were thrown; the first 64 of them} */
    public List<String> violations() {
        return file.violations();
    }

    /**
     * Requires that nothing was wrong until now, in any process.
     *
     * @throws AssertionError where something was
     */
    public void verify() {
        List<String> violations = violations();
        if (!violations.isEmpty()) {
            throw new AssertionError("referee saw what must not be: violations=" + file.violationCount() + "\n"
                    + String.join("\n", violations));
        }
    }

    /** Closes this process's view of the file, which remains. */
    @Override
    public void close() {
        file.close();
    }

    private long sum(List<RefereeFile.Entry> entries, boolean withDoomed) {
        long sum = 0;
        for (RefereeFile.Entry entry : entries) {
            long end = file.end(entry.holder());
            boolean counts = withDoomed || file.fate(entry.holder()) == RefereeFile.ALIVE;
            if (counts && (end == NO_END || clock.getAsLong() < end)) {
                sum += entry.amount();
            }
        }
        return sum;
    }

    private static long noClock() {
        throw new IllegalStateException("the referee has no clock: create and open it with one");
    }

    private AssertionError violation(String fact) {
        file.record(fact);
        return new AssertionError(fact);
    }
}
