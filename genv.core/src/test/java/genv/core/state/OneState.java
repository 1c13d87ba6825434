// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of the protocol share: a state for each test, and a process that uses it. */
abstract class OneState {
    @TempDir
    private Path directory;

    StateFixture state;
    Transitions process;

    @BeforeEach
    void open() {
        state = new StateFixture(directory);
        process = state.process(StateFixture.SELF);
    }

    @AfterEach
    void close() {
        state.close();
    }

    EnvBlock put(String eid, DeviceSet devices) {
        return StateFixture.put(process, eid, devices);
    }
}
