// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DayTimeTest {
    private static final Duration CLOSE = Duration.ofNanos(20_000);

    /** Many readings in a row, so that many stand at the edge of a millisecond, where one that is early or late shows. */
    @Test
    void shouldSayTheMillisecondThatTheClockSays() {
        for (int i = 0; i < 200_000; i++) {
            Instant before = Instant.now();
            long nanos = System.nanoTime();
            Instant after = Instant.now();

            assertThat(DayTime.millis(nanos))
                    .isBetween(before.toEpochMilli(), after.plus(CLOSE).toEpochMilli());
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
