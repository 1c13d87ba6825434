// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.core.state.CrashPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Something that a process does on a host with {@link #DEVICES} devices, in the middle of which it is stopped. It is called
 * {@link #EID} and has device 0 before, unless something else is said.
 */
enum PointOperation {
    /** Opens the state; has nothing before. */
    OPEN(Change.NOTHING, EnumSet.of(CrashPoint.TOKEN_DRAWN, CrashPoint.SEAT_TAKEN, CrashPoint.COPIED)),
    /** Opens the state, in which a dead process has left device 0; has nothing before. */
    REAP(Change.NOTHING, EnumSet.of(CrashPoint.REAPING, CrashPoint.EDITED, CrashPoint.WRITTEN, CrashPoint.PUBLISHED)),
    /** Becomes active with device 0; has nothing before. */
    ACTIVATE(Change.GETS_ITS_FIRST, withCells(CrashPoint.ACTIVATED, CrashPoint.VARIABLES_SET)),
    /** Joins the environment {@link #SHARED} of another process; is in none before. */
    JOIN(Change.JOINS, withCells(CrashPoint.ACTIVATED, CrashPoint.VARIABLES_SET)),
    /** Gets device 1. */
    ATTACH(Change.GETS_ANOTHER, withCells()),
    /** Gives back device 1, which it has before. */
    DETACH(Change.LOSES_ONE, withCells()),
    /** Takes 4g of each device in place of all. */
    CONFIGURE(Change.SHRINKS, withCells()),
    /** Locks its device. */
    LOCK(Change.LOCKS, withoutCells()),
    /** Releases its lock. */
    UNLOCK(Change.UNLOCKS, withoutCells()),
    /** Starts a process that ends at once. */
    START(Change.KEEPS, EnumSet.of(CrashPoint.STARTED)),
    /** Ends its environment. */
    LEAVE(Change.ENDS, withoutCells(CrashPoint.LEFT)),
    /** Leaves the environment {@link #SHARED} of another process, which goes on. */
    LEAVE_SHARED(Change.LEAVES, withCells(CrashPoint.LEFT)),
    /** Waits for a device, all of which another process has; is in no environment before. */
    WAIT(
            Change.NOTHING,
            EnumSet.of(
                    CrashPoint.EDITED,
                    CrashPoint.WRITTEN,
                    CrashPoint.STAMPED,
                    CrashPoint.PUBLISHED,
                    CrashPoint.QUEUED)),
    /** Is about to take back its device, whose lease is over, on the thread that looks after leases. */
    EXPIRE(Change.LAPSES, EnumSet.of(CrashPoint.EXPIRING)),
    /** Is about to announce the end of its lease, which comes while it stands there. */
    ANNOUNCE(Change.LAPSES, EnumSet.of(CrashPoint.ANNOUNCING)),
    /** Gives back device 0, for which another process waits, after the others were taken. */
    WAKE(Change.ENDS, EnumSet.of(CrashPoint.STAMPED, CrashPoint.PUBLISHED, CrashPoint.RELEASED, CrashPoint.RINGING));

    static final int DEVICES = 4;
    static final String EID = "victim";
    static final String SHARED = "shared";

    /** What it changes for others to see. */
    enum Change {
        NOTHING,
        KEEPS,
        GETS_ITS_FIRST,
        JOINS,
        GETS_ANOTHER,
        LOSES_ONE,
        SHRINKS,
        LOCKS,
        UNLOCKS,
        ENDS,
        LEAVES,
        LAPSES
    }

    private final Change change;

    @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable set
    private final Set<CrashPoint> points;

    PointOperation(Change change, Set<CrashPoint> points) {
        this.change = change;
        this.points = points;
    }

    Change change() {
        return change;
    }

    /** Where it can be stopped. */
    Set<CrashPoint> points() {
        return points;
    }

    /** Does what comes before on a host that {@code open} opens, and gives the operation itself. */
    Runnable prepare(Supplier<GenvHost> open) {
        if (this == OPEN || this == REAP) {
            return () -> open.get().active();
        }
        GenvHost host = open.get();
        return switch (this) {
            case ACTIVATE -> () -> host.activate(one());
            case JOIN ->
                () -> host.activate(ActivationRequest.of(EnvConfig.empty()).eid(SHARED));
            case WAIT -> () -> host.activate(one().waitUpTo(Duration.ofHours(1)));
            case ATTACH -> {
                host.activate(one());
                yield () -> host.attach(DeviceRequest.gpus(2));
            }
            case DETACH -> {
                host.activate(one());
                host.attach(DeviceRequest.gpus(2));
                yield () -> host.detach(1);
            }
            case CONFIGURE -> {
                host.activate(one());
                yield () -> host.configure(EnvConfig.builder().gpuMemory("4g").build());
            }
            case LOCK -> {
                host.activate(one());
                yield host::lock;
            }
            case UNLOCK -> {
                host.activate(one());
                DeviceLock lock = host.lock();
                yield lock::close;
            }
            case EXPIRE, ANNOUNCE -> {
                host.activate(one().lease(Duration.ofHours(1)));
                // announced at half of it, unless the process is held up for the other half
                Duration lease = this == ANNOUNCE ? Duration.ofSeconds(4) : Duration.ofMillis(100);
                yield () -> {
                    host.renewLease(lease);
                    while (true) {
                        LockSupport.park(); // the thread that is stopped is another one
                    }
                };
            }
            case START -> {
                Activation activation = host.activate(one());
                yield () -> {
                    try {
                        activation.start(new ProcessBuilder("true"));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                };
            }
            case LEAVE, WAKE -> {
                Activation activation = host.activate(one());
                yield activation::close;
            }
            case LEAVE_SHARED -> {
                Activation activation =
                        host.activate(ActivationRequest.of(EnvConfig.empty()).eid(SHARED));
                yield activation::close;
            }
            case OPEN, REAP -> throw new AssertionError(this);
        };
    }

    private static ActivationRequest one() {
        return ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid(EID);
    }

    private static Set<CrashPoint> withCells(CrashPoint... more) {
        Set<CrashPoint> points = withoutCells(more);
        points.add(CrashPoint.CELL_CLAIMED);
        return points;
    }

    private static Set<CrashPoint> withoutCells(CrashPoint... more) {
        Set<CrashPoint> points = EnumSet.of(
                CrashPoint.COPIED,
                CrashPoint.EDITED,
                CrashPoint.RECORD_CLAIMED,
                CrashPoint.WRITTEN,
                CrashPoint.STAMPED,
                CrashPoint.PUBLISHED,
                CrashPoint.RELEASED);
        points.addAll(List.of(more));
        return points;
    }
}
