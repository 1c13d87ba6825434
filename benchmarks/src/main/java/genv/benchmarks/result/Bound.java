// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.result;

import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What a figure must not exceed, or reach.
 *
 * @param subject what is measured
 * @param kind how it is compared
 * @param of the name of the measurement
 * @param per the name of the measurement that it is compared with; empty where the figure stands alone
 * @param limit the bound
 * @param gate the bound that a build may not be beyond, wide enough for a disturbed machine; NaN for none
 */
public record Bound(String subject, Kind kind, String of, String per, double limit, double gate) {
    /** How figures are compared. */
    public enum Kind {
        /** A multiple of the floor. */
        FLOORS,
        /** A multiple of another figure of ours. */
        TIMES,
        /** At least so many times a peer's. */
        TIMES_PEER,
        /** At most so many nanoseconds more than another. */
        MORE,
        /** At most so much. */
        PLAIN
    }

    private static final double NO_GATE = Double.NaN;

    /**
     * JMH itself allocates some kilobytes in each iteration, of half a million operations. This is less than the smallest object, of
     * 16 bytes, in three hundred operations.
     */
    private static final double NOTHING = 0.05;

    private static final double MICROS = 1e3;
    private static final double MILLIS = 1e6;

    /** {@return all bounds, in the order in which they are shown} */
    public static List<Bound> all() {
        return List.of(
                floors("attach + detach of one device, in a task", "attach.taskOne", 0.25, 1),
                floors("attach + detach of eight devices, in a task", "attach.taskEight", 0.35, 1.4),
                floors("activate + close, task scope, one device", "activate.task.0", 0.5, 2),
                times("the same with 100 live environments", "activate.task.100", "activate.task.0", 1.2, NO_GATE),
                times("the same with 1,000 live environments", "activate.task.1000", "activate.task.0", 2, 8),
                floors("activate + close, process scope, native variables", "activate.process.0", 3, 12),
                times(
                        "the same with 100 live environments",
                        "activate.process.100",
                        "activate.process.0",
                        1.2,
                        NO_GATE),
                times("the same with 1,000 live environments", "activate.process.1000", "activate.process.0", 2, 8),
                floors("lock + close, one device", "lock.one", 0.15, 0.6),
                floors("lock + close, eight devices", "lock.eight", 0.25, 1),
                peer("lock handed between 2 threads", "threads.2"),
                peer("lock handed between 8 threads", "threads.8"),
                peer("lock handed between 2 processes", "processes.2"),
                peer("lock handed between 4 processes", "processes.4"),
                plain("wake-up in another process after release", "wake.genv", 100 * MICROS, NO_GATE),
                plain("wake-up in another process after the holder's SIGKILL", "kill.genv", 100 * MILLIS, NO_GATE),
                plain("active()", "query.active", 20, 100),
                plain("eid()", "query.eid", 20, 100),
                plain("attached()", "query.attached", 20, 100),
                plain("configuration()", "query.configuration", 20, 100),
                plain("heap of active()", "query.active.alloc", 0, 8),
                plain("heap of eid()", "query.eid.alloc", 0, 8),
                plain("heap of attached()", "query.attached.alloc", 0, 8),
                plain("heap of configuration()", "query.configuration.alloc", 0, 8),
                floors("snapshot of 10 environments", "snapshot.genv.10", 2, 12),
                floors("snapshot of 1,000 environments", "snapshot.genv.1000", 100, 600),
                new Bound(
                        "NVML memory query above the bare downcall",
                        Kind.MORE,
                        "nvml.binding",
                        "nvml.bare",
                        5,
                        NO_GATE),
                start("first environment above an empty main, module path", "modules"),
                start("first environment above an empty main, jlink image", "image"),
                start("first environment above an empty main, AOT cache", "aot"),
                plain("heap of an activation, task scope", "activate.task.0.alloc", 1024, 8192),
                plain("heap of an activation, process scope", "activate.process.0.alloc", 1024, 65_536),
                plain("state file on disk with 10 environments", "disk.state.10", 1 << 20, NO_GATE));
    }

    private static Bound floors(String subject, String of, double limit, double gate) {
        return new Bound(subject, Kind.FLOORS, of, of.substring(0, of.indexOf('.')) + ".floor", limit, gate);
    }

    private static Bound times(String subject, String of, String per, double limit, double gate) {
        return new Bound(subject, Kind.TIMES, of, per, limit, gate);
    }

    private static Bound peer(String subject, String who) {
        return new Bound(
                subject, Kind.TIMES_PEER, "genv.hand." + who + ".handed", "file.hand." + who + ".handed", 5, NO_GATE);
    }

    private static Bound plain(String subject, String of, double limit, double gate) {
        return new Bound(subject, Kind.PLAIN, of, "", limit, gate);
    }

    private static Bound start(String subject, String how) {
        return new Bound(
                subject, Kind.MORE, "start." + how + ".first", "start." + how + ".nothing", 100 * MILLIS, NO_GATE);
    }

    /** {@return the figure that is compared, of the middle of all samples; empty where it was not measured} */
    public Optional<Double> value(Results results) {
        return value(results, Measurement::median);
    }

    /** {@return the same, of the samples that nothing disturbed} */
    public Optional<Double> undisturbed(Results results) {
        return value(results, Measurement::low);
    }

    private Optional<Double> value(Results results, ToDoubleFunction<Measurement> choice) {
        Optional<Double> own = results.find(of).map(choice::applyAsDouble);
        if (kind == Kind.PLAIN) {
            return own;
        }
        Optional<Double> other = results.find(per).map(choice::applyAsDouble);
        return own.flatMap(a -> other.map(b -> kind == Kind.MORE ? a - b : a / b));
    }

    /** {@return whether a figure is within a limit} */
    public boolean keeps(double value, double toKeep) {
        return kind == Kind.TIMES_PEER ? value >= toKeep : value <= toKeep + (toKeep == 0 ? NOTHING : 0);
    }

    /** {@return whether a build is held to it} */
    public boolean isGate() {
        return !Double.isNaN(gate);
    }
}
