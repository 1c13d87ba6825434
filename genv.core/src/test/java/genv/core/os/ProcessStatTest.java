// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessStatTest {
    private static final String FIELDS = " S 1 2 3 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 31 0 987654 1 2 3";

    @ParameterizedTest
    @ValueSource(strings = {"java", "a b", ") Z 1 (", "(", ")", "))", ""})
    void shouldFindFieldsWhateverTheNameIs(String name) {
        assertThat(ProcessStat.parse("42 (" + name + ")" + FIELDS)).contains(new ProcessStat('S', 987654, 31));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "42", "42 (x)", "42 (x) S 1 2", "42 (x) S a b c d e f g h i j k l m n o p q r s t u v"})
    void shouldFindNothingInOtherText(String text) {
        assertThat(ProcessStat.parse(text)).isEmpty();
    }

    @Test
    void shouldTakeZombiesForDeadUnlessOtherThreadsRun() {
        assertThat(new ProcessStat('Z', 1, 1).isDead()).isTrue();
        assertThat(new ProcessStat('X', 1, 0).isDead()).isTrue();
        assertThat(new ProcessStat('Z', 1, 2).isDead()).isFalse();
        assertThat(new ProcessStat('T', 1, 1).isDead()).isFalse();
    }

    @Test
    void shouldFindItself() {
        Assumptions.assumeTrue(ProcessStat.isAvailable(), "no /proc here");

        ProcessStat self = ProcessStat.self().orElseThrow();
        ProcessStat byPid = ProcessStat.read(ProcessHandle.current().pid()).orElseThrow();

        assertThat(Processes.ownPid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(byPid.startTicks()).isEqualTo(self.startTicks()).isPositive();
        assertThat(self.threads()).isGreaterThan(1);
        assertThat(self.isDead()).isFalse();
        assertThat(ProcessStat.namespace()).isNotZero();
    }

    @Test
    void shouldFindNoProcessWithAnImpossiblePid() {
        assertThat(ProcessStat.read(Integer.MAX_VALUE)).isEmpty();
        assertThat(Processes.exists(Integer.MAX_VALUE)).isFalse();
        assertThat(Processes.exists(0)).isFalse();
        assertThat(Processes.exists(-1)).isFalse();
        assertThat(Processes.exists(1L << 32 | ProcessHandle.current().pid())).isFalse();
        assertThat(Processes.exists(ProcessHandle.current().pid())).isTrue();
    }
}
