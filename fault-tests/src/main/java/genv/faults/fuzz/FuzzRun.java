// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import genv.faults.Run;

/** State files damaged at random, and random files: {@link RandomTrials}. */
public final class FuzzRun {
    private static final int BATCH = 1000;

    private final Run run;

    public FuzzRun(Run run) {
        this.run = run;
    }

    /** Runs it; a summary, or an {@link AssertionError}. */
    public String call() throws InterruptedException {
        int batch = Math.clamp(run.count() / 3 + 1, 1, BATCH);
        return new Batches(run, Batch.RANDOM, batch, 2).call(run.count());
    }
}
