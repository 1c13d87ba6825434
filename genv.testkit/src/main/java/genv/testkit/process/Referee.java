// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

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
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final RefereeFile file;

    private Referee(RefereeFile file) {
        this.file = file;
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
        try {
            return new Referee(RefereeFile.create(file, devices, capacity, holders));
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
        try {
            return new Referee(RefereeFile.open(file));
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
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            List<RefereeFile.Entry> entries = file.entries(device);
            if (sum(entries, true) <= file.capacity()) {
                return;
            }
            if (sum(entries, false) > file.capacity()) {
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
            if (withDoomed || file.fate(entry.holder()) == RefereeFile.ALIVE) {
                sum += entry.amount();
            }
        }
        return sum;
    }

    private AssertionError violation(String fact) {
        file.record(fact);
        return new AssertionError(fact);
    }
}
