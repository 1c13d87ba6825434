// SPDX-License-Identifier: Apache-2.0
package genv.it.processes;

import genv.api.StateFormat;
import genv.testkit.GenvTest;
import java.time.Duration;

/** The same on the files of Python Genv. */
@GenvTest(devices = RandomWorker.DEVICES, memory = "16000m", format = StateFormat.JSON)
class ManyProcessesOnJsonTest extends ManyProcessesTest {
    @Override
    Duration longestWait() {
        return Duration.ZERO; // the files have no queue
    }
}
