// SPDX-License-Identifier: Apache-2.0
package genv.faults.json;

import static org.assertj.core.api.Assertions.assertThat;

import genv.faults.Progress;
import genv.faults.Run;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form; the long one is {@code ./fault-tests/run json}. */
class JsonKillsTest {
    @Test
    void shouldLeaveNoHalfFileAndGiveNothingTwiceWhenProcessesAreKilledAnywhere(@TempDir Path directory)
            throws Exception {
        String summary = new JsonKillRun(new Run(12, 20_261_122, directory, Progress.silent())).call();
        assertThat(summary).contains("kills=");
    }
}
