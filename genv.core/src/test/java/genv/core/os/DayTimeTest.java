// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DayTimeTest {
    /** The two are not read at the same moment: a thread may stand still in between, so it counts only where it did not. */
    @Test
    void shouldSayWhatTheClockSays() {
        int judged = 0;
        while (judged < 1000) {
            long before = System.currentTimeMillis();
            long nanos = System.nanoTime();
            long after = System.currentTimeMillis();
            long said = DayTime.millis(nanos);
            if (after == before) {
                assertThat(said).isBetween(before - 2, after + 2);
                judged++;
            }
        }
    }

    @Test
    void shouldTellMomentsApartThatWereReadOneAfterTheOther() {
        long nanos = System.nanoTime();
        DayTime.millis(nanos);

        assertThat(DayTime.millis(nanos + 5_000_000) - DayTime.millis(nanos)).isBetween(3L, 7L);
    }

    @Test
    void shouldReadTheClocksAnewForAMomentThatIsFarFromTheLast() {
        long before = System.currentTimeMillis();

        long past = DayTime.millis(System.nanoTime() - 3_600_000_000_000L);

        assertThat(past).isBetween(before - 3_600_002, System.currentTimeMillis() - 3_599_998);
    }
}
