// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.state.StateFixture;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the rules of attaching say where the devices of the host have changed. */
class DeviceRulesTest {
    private static final long TOKEN = 1;
    private static final Candidates ONLY_THE_FIRST = new Candidates(DeviceSet.of(0), new long[] {-1}, new int[] {0});

    @Test
    void shouldNotGiveOutADeviceThatIsNoCandidateAnyMore(@TempDir Path directory) {
        try (StateFixture state = new StateFixture(directory)) {
            EnvRules.Key key = state.process(TOKEN).transact(draft -> {
                EnvBlock block = StateFixture.env(draft, "e", TOKEN);
                draft.put(block);
                return EnvRules.Key.of(block);
            });
            Caller caller = new Caller(TOKEN, 4242, 1, new EnvBlock.Owner(1000, "somebody"));
            DeviceRules rules = new DeviceRules(caller, ONLY_THE_FIRST, 0);

            Outcome<EnvBlock> lost =
                    state.process(TOKEN).transact(draft -> rules.attachIndex(draft, key, 1, false, Long.MAX_VALUE));
            Outcome<EnvBlock> there =
                    state.process(TOKEN).transact(draft -> rules.attachIndex(draft, key, 0, false, Long.MAX_VALUE));

            assertThat(lost)
                    .isInstanceOfSatisfying(
                            Outcome.Never.class,
                            never -> assertThat(never.reason())
                                    .contains("the device was lost", "index=1", "devices=[0]"));
            assertThat(there)
                    .isInstanceOfSatisfying(
                            Outcome.Granted.class,
                            granted -> assertThat(((EnvBlock) granted.value())
                                            .devices()
                                            .toList())
                                    .containsExactly(0));
        }
    }
}
