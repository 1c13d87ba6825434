// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SteadyPauseTest {
    @Test
    void shouldSleepThoughItIsInterruptedAndKeepTheInterrupt() {
        try (SteadyPause pause = new SteadyPause()) {
            Thread.currentThread().interrupt();
            pause.during(1);
            assertThat(Thread.currentThread().isInterrupted())
                    .as("otherwise the next one is none")
                    .isFalse();
            pause.during(1);
        }
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void shouldInterruptNobody() {
        try (SteadyPause pause = new SteadyPause()) {
            pause.during(1);
        }
        assertThat(Thread.interrupted()).isFalse();
    }
}
