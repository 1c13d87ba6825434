// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Walks through every interleaving of small numbers of actors: no record and no cell is ever owned by two, the current record
 * is never written, no cell that is referred to is freed, nobody is told of damage where there is none, and somebody can
 * always go on.
 */
class ClaimModelTest {
    @Test
    void shouldHoldForTwoProcessesOneOfWhichMayCrash() {
        ClaimModel model = new ClaimModel(3, 3, new int[] {1, 2}, new int[] {2, 2}, 1);

        assertThat(model.explore()).isGreaterThan(10_000);
        assertThat(model.unreached()).containsExactly("LATE_STAMP_CELL", "LATE_STAMP_RECORD");
    }

    @Test
    void shouldHoldForTwoThreadsOfAProcessBesideAnotherProcess() {
        assertThat(new ClaimModel(3, 3, new int[] {1, 1, 2}, new int[] {1, 1, 1}, 0).explore())
                .isGreaterThan(10_000);
    }

    @ParameterizedTest
    @EnumSource
    void shouldFailWithoutAnyOneOfItsRules(ClaimModel.Flaw flaw) {
        int crashes = flaw == ClaimModel.Flaw.STAMPED_AFTER_PUBLISHING ? 1 : 0;
        int[] operations = switch (flaw) { // which of the three has two: where the walk comes to it soon
            case ROOT_NOT_CHECKED_AFTER_COPYING -> new int[] {1, 2, 1};
            case LATER_CELL_CLAIMED -> new int[] {1, 1, 2};
            default -> new int[] {2, 1, 1};
        };
        ClaimModel model = new ClaimModel(3, 3, new int[] {1, 2, 3}, operations, crashes, flaw);

        assertThatThrownBy(model::explore).as("without it").isInstanceOf(ClaimModel.Violation.class);
    }
}
