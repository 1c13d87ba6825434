// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.GenvOptions;
import genv.api.PlacementPolicy;
import genv.core.backend.BackendSelector;
import genv.core.backend.DeviceSurvey;
import genv.core.backend.RecentDevices;
import genv.core.variables.MemoryVariables;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HostInventoryTest {
    @Test
    void shouldNotGiveOutForLongADeviceThatWasLost() {
        RecentDevices devices = new RecentDevices(3);
        HostInventory inventory = new HostInventory(
                devices.host(),
                new DeviceSurvey(BackendSelector.of(GenvOptions.builder().build(), new MemoryVariables())),
                name -> Optional.empty(),
                Path.of("state"),
                true);
        assertThat(inventory.candidates(PlacementPolicy.firstFit()).eligible().toList())
                .containsExactly(0, 1, 2);

        devices.lose(1);
        devices.age();

        for (PlacementPolicy policy : List.of(PlacementPolicy.firstFit(), PlacementPolicy.bestFit())) {
            assertThat(inventory.candidates(policy).eligible().toList()).containsExactly(0, 2);
        }
    }
}
