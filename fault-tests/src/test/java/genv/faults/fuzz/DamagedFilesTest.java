// SPDX-License-Identifier: Apache-2.0
package genv.faults.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import genv.faults.Progress;
import genv.faults.Run;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short forms; the long ones are {@code ./fault-tests/run fuzz} and {@code ./fault-tests/run files}. */
class DamagedFilesTest {
    @Test
    void shouldSayWhatIsWrongOrRecoverWhenFilesAreDamagedAtRandom(@TempDir Path directory) throws Exception {
        String summary = new FuzzRun(new Run(120, 20_261_122, directory, Progress.silent())).call();
        assertThat(summary).startsWith("trials=120 ");
    }

    @Test
    void shouldSayWhatIsWrongOrRecoverWhenFilesAreDamagedInOrder(@TempDir Path directory) throws Exception {
        String summary = new FileRun(new Run(120, 0, directory, Progress.silent())).call();
        assertThat(summary).startsWith("trials=12");
    }
}
