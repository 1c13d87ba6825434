// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.benchmarks.result.Results;
import genv.benchmarks.startup.Commands;
import java.util.List;

/** What the state file occupies on the disk, while environments live. */
public final class DiskSize {
    private DiskSize() {}

    /** Measures it. */
    public static void measure(Results results) {
        for (int live : List.of(0, 10, 1000)) {
            try (StateOfMany state = new StateOfMany()) {
                boolean active = state.open(false).active();
                if (active) {
                    throw new IllegalStateException("an environment is active already");
                }
                state.populate(live);
                String[] blocks = Commands.output(
                                List.of("stat", "-c", "%b %B", state.stateFile().toString()))
                        .strip()
                        .split(" ", -1);
                results.put("disk.state." + live, "B", Double.parseDouble(blocks[0]) * Double.parseDouble(blocks[1]));
            }
        }
    }
}
