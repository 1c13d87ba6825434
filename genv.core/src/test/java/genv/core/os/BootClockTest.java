// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BootClockTest {
    @Test
    void shouldFindItsOffsetAmongThoseOfTheTimeNamespace() {
        assertThat(BootClock.offset(List.of("monotonic           5         0", "boottime      100000    500000000")))
                .isEqualTo(100_000_500_000_000L);
        assertThat(BootClock.offset(List.of("boottime      -3    999999999"))).isEqualTo(-2_000_000_001L);
        assertThat(BootClock.offset(List.of())).isZero();
    }

    @Test
    void shouldBeTheTimeSinceBootAndNeverGoBack() throws Exception {
        long before = BootClock.millis();
        double uptime =
                Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ", 2)[0]);
        long after = BootClock.millis();

        assertThat((long) (uptime * 1000)).isBetween(before - 10, after + 10);
        assertThat(after).isGreaterThanOrEqualTo(before);
    }
}
