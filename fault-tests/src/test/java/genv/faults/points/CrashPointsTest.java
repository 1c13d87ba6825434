// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.DeviceRequest;
import genv.api.GenvHost;
import genv.core.state.CrashPoint;
import genv.testkit.process.ChildJvm;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A process is stopped at each named step of each operation. While it stands there it keeps what it has, and nobody is held
 * up; when it is killed there, others go on at once, see the old state or the new one, and get what it had.
 */
class CrashPointsTest {
    private static SeatProbe probe;

    @TempDir
    private Path directory;

    @BeforeAll
    static void startProbe() {
        probe = new SeatProbe();
    }

    @AfterAll
    static void endProbe() {
        probe.close();
    }

    @Test
    void shouldReachEveryCrashPoint() {
        Set<CrashPoint> reached = EnumSet.noneOf(CrashPoint.class);
        for (PointOperation operation : PointOperation.values()) {
            reached.addAll(operation.points());
        }
        assertThat(reached).isEqualTo(EnumSet.complementOf(EnumSet.copyOf(CrashPoint.OF_JSON)));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"STATE_LOCKED", "FILE_BEGUN", "FILE_WRITTEN", "FILE_REPLACED", "DEVICE_LOCKED"})
    void shouldHoldNobodyUpAndLeaveNothingBehindWhenStoppedAndKilledAt(CrashPoint point) throws Exception {
        assertThat(PointRound.run(point, false, directory, new PointTimes(), probe))
                .isPositive();
    }

    /** More processes than there are records, half of them at a time, die while each of them owns a record and a cell. */
    @Test
    void shouldNotRunOutOfRecordsHoweverManyProcessesDieWhileTheyWrite() throws Exception {
        CrashPoint[] points = {CrashPoint.CELL_CLAIMED, CrashPoint.WRITTEN, CrashPoint.STAMPED, CrashPoint.PUBLISHED};
        for (int round = 0; round < 3; round++) {
            try (ChildJvm child =
                    ChildJvm.of(PointChild.class).jvmOptions(PointChild.OPTION).start()) {
                for (int i = 0; i < 60; i++) {
                    CrashPoint point = points[i % points.length];
                    // activations under one identifier: those that are published join, which reserves nothing more
                    child.tell("ACTIVATE " + point + " " + directory);
                    child.expect("prepared");
                    child.tell("go");
                    child.expect("crash point " + point);
                }
                requireAllDevices(directory, false);
                child.kill();
            }
            requireAllDevices(directory, true);
        }
    }

    private static void requireAllDevices(Path state, boolean free) {
        try (GenvHost host = PointRound.open(state)) {
            for (int i = 0; i < 100; i++) {
                try (Activation activation = host.activate()) {
                    assertThat(activation.devices()).isEmpty();
                    if (free) {
                        assertThat(host.attach(DeviceRequest.gpus(PointOperation.DEVICES)))
                                .hasSize(PointOperation.DEVICES);
                    }
                }
            }
        }
    }
}
