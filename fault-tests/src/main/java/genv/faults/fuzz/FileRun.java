// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.faults.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files damaged in order: {@link SystematicTrials}. The seed has no effect. */
public final class FileRun {
    private static final int BATCH = 1000;

    private final Run run;

    public FileRun(Run run) {
        this.run = run;
    }

    /** Runs it; a summary, or an {@link AssertionError}. */
    public String call() throws InterruptedException, IOException {
        Path counting = Files.createDirectory(run.directory().resolve("counting"));
        int all;
        int trials;
        try (Bench bench = Bench.in(counting.resolve("state"))) {
            SystematicTrials systematic = new SystematicTrials(bench);
            all = systematic.count();
            trials = systematic.sample(run.count()).size();
        }
        int batch = Math.clamp(trials / 3 + 1, 1, BATCH);
        return new Batches(run, Batch.SYSTEMATIC, batch, 2).call(trials) + " of=" + all;
    }
}
