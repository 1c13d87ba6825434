// SPDX-License-Identifier: Apache-2.0
package genv.core.events;

import genv.api.LockMode;
import genv.core.model.DeviceSet;
import genv.core.model.Holder;
import genv.core.model.QueuedRequest;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Begins the events of genv. Each method gives null where nobody records that event, and then costs two reads of a field:
 * nothing is allocated and no class of an event is loaded.
 *
 * <p>Loading the first class of an event makes the JVM prepare all of Flight Recorder, which takes a tenth of a second. So
 * none is loaded before somebody has started a recording in this process; whether that was ever done can be asked of
 * {@link FlightRecorder} at no cost. A class that is loaded later registers itself with the recordings that run.
 *
 * <p>Thread-safe.
 */
public final class FlightEvents {
    /** Whether this runtime has the module {@code jdk.jfr} and this module can use it. */
    private static final boolean PRESENT = isPresent();

    /** The device locks that were taken while somebody recorded, by who counts their closes. */
    private static final Map<Object, Span> HOLDS = Collections.synchronizedMap(new WeakHashMap<>());

    private FlightEvents() {}

    private static boolean isPresent() {
        Optional<Module> recorder = ModuleLayer.boot().findModule("jdk.jfr");
        return recorder.isPresent() && FlightEvents.class.getModule().canRead(recorder.get());
    }

    private static boolean isUsed() {
        return PRESENT && FlightRecorder.isInitialized();
    }

    /** An activation that is about to be tried. */
    public static @Nullable RequestSpan activation(
            Optional<String> eid, String defaultEid, int gpus, boolean overSubscribed, Duration limit) {
        return isUsed() && ActivationEvent.isOn()
                ? ActivationEvent.of(eid.orElse(defaultEid), gpus, overSubscribed, limit)
                : null;
    }

    /** The attaching of a number of devices, -1 for the configured one. */
    public static @Nullable RequestSpan attach(String eid, int gpus, boolean overSubscribed, Duration limit) {
        return isUsed() && AttachEvent.isOn() ? AttachEvent.of(eid, gpus, -1, overSubscribed, limit) : null;
    }

    /** The attaching of the device of an index. */
    public static @Nullable RequestSpan attachIndex(String eid, int index, boolean overSubscribed, Duration limit) {
        return isUsed() && AttachEvent.isOn() ? AttachEvent.of(eid, 1, index, overSubscribed, limit) : null;
    }

    /** The detaching of devices. */
    public static @Nullable RequestSpan detach(String eid) {
        return isUsed() && DetachEvent.isOn() ? DetachEvent.of(eid) : null;
    }

    /** The taking of a device lock, with a limit in nanoseconds. */
    public static @Nullable RequestSpan lockWait(String eid, LockMode mode, long limitNanos) {
        return isUsed() && LockWaitEvent.isOn() ? LockWaitEvent.of(eid, mode, limitNanos) : null;
    }

    /** Says that a device lock is held from now on. {@code owner}: who will say that it is released. */
    public static void lockHoldBegins(Object owner, String eid, Holder holder) {
        if (isUsed() && LockHoldEvent.isOn()) {
            HOLDS.put(owner, LockHoldEvent.of(eid, holder));
        }
    }

    /** Says that the device lock of an owner, if it holds one, is released. */
    public static void lockHoldEnds(Object owner) {
        Span span = isUsed() ? HOLDS.remove(owner) : null;
        if (span != null) {
            span.close();
        }
    }

    /** A request that goes into the shared queue. */
    public static @Nullable QueueSpan queueWait(long ticket, QueuedRequest request) {
        return isUsed() && QueueWaitEvent.isOn() ? QueueWaitEvent.of(ticket, request) : null;
    }

    /** A transition or a reading has lost a race; {@code known}: what an earlier loss of the same one gave. */
    public static @Nullable RetrySpan lostRace(@Nullable RetrySpan known) {
        if (known != null) {
            known.lostAgain();
            return known;
        }
        return isUsed() && RetryEvent.isOn() ? RetryEvent.begun() : null;
    }

    /** Ends what {@link #lostRace} began, if anything. */
    public static void raceOver(@Nullable RetrySpan span) {
        if (span != null) {
            span.close();
        }
    }

    /** The opening of a state directory. */
    public static @Nullable OpeningSpan stateOpen(String directory) {
        return isUsed() && StateOpenEvent.isOn() ? StateOpenEvent.of(directory) : null;
    }

    /** Something that the dead left was removed. */
    public static void reaped(String what, String eid, String user, String pids, DeviceSet freed) {
        if (isUsed() && ReapEvent.isOn()) {
            ReapEvent.record(what, eid, user, pids, freed);
        }
    }

    /** A request was passed over since its process does not take up what it could have. */
    public static void overdue(QueuedRequest request) {
        if (isUsed() && OverdueEvent.isOn()) {
            OverdueEvent.record(request);
        }
    }

    /** The end of a lease was announced. {@code left}: milliseconds until then. */
    public static void leaseNotice(String eid, List<Integer> devices, long left) {
        if (isUsed() && LeaseNoticeEvent.isOn()) {
            LeaseNoticeEvent.record(eid, Indices.text(devices), left);
        }
    }

    /** A lease has run out. */
    public static void leaseEnd(String eid, List<Integer> devices) {
        if (isUsed() && LeaseEndEvent.isOn()) {
            LeaseEndEvent.record(eid, Indices.text(devices));
        }
    }

    /** The limits file was read. {@code message}: why it cannot be used, or null. */
    public static void limitsRead(String file, @Nullable String message) {
        if (isUsed() && LimitsReadEvent.isOn()) {
            LimitsReadEvent.record(file, message);
        }
    }
}
