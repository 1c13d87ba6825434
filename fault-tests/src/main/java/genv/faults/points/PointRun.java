// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import genv.core.state.CrashPoint;
import genv.faults.Folders;
import genv.faults.Run;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Goes through all crash points again and again, in random order, half of the rounds with noise beside. */
public final class PointRun {
    private final Run run;
    private final PointTimes times = new PointTimes();

    /** The count of the run is that of rounds, of one crash point each. */
    public PointRun(Run run) {
        this.run = run;
    }

    /** Runs it; a summary, or an {@link AssertionError}. */
    public String call() throws Exception {
        try (SeatProbe probe = new SeatProbe()) {
            return call(probe);
        }
    }

    private String call(SeatProbe probe) throws Exception {
        Random random = new Random(run.seed());
        List<CrashPoint> order = new ArrayList<>();
        int killed = 0;
        for (int round = 0; round < run.count(); round++) {
            if (order.isEmpty()) {
                Collections.addAll(order, CrashPoint.values());
                order.removeAll(CrashPoint.OF_JSON);
                Collections.shuffle(order, random);
            }
            CrashPoint point = order.removeLast();
            boolean noise = random.nextBoolean();
            int number = round + 1;
            int before = killed;
            run.progress()
                    .update(() -> "points: round " + number + "/" + run.count() + " at " + point
                            + ", stopped and killed " + before);
            Path directory = Files.createDirectory(run.directory().resolve(number + "-" + point));
            try {
                killed += PointRound.run(point, noise, directory, times, probe);
            } catch (Exception | AssertionError e) {
                throw new AssertionError("round=" + number + " point=" + point + " noise=" + noise, e);
            }
            Folders.delete(directory);
        }
        times.requireUsuallyInTime();
        return "rounds=" + run.count() + " stopped_and_killed=" + killed + " " + times;
    }
}
