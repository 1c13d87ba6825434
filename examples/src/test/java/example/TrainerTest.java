// SPDX-License-Identifier: Apache-2.0
package example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.testkit.GenvTest;
import java.util.List;
import org.junit.jupiter.api.Test;

@GenvTest(devices = 4, memory = "80g")
class TrainerTest {
    @Test
    void shouldTakeOneDevice(GenvHost host) {
        try (Activation env = host.activate(EnvConfig.builder().gpus(1).build())) {
            assertEquals(List.of(0), env.devices());
        }
    }
}
