// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceRequestTest {
    @Test
    void shouldHaveNeitherNumberNorIndexWhenConfigured() {
        DeviceRequest request = DeviceRequest.configured();

        assertThat(request.gpus()).isEmpty();
        assertThat(request.index()).isEmpty();
        assertThat(request.isOverSubscribed()).isFalse();
        assertThat(request.waitLimit()).isZero();
        assertThat(request).hasToString("DeviceRequest[configured, waitUpTo=PT0S]");
    }

    @Test
    void shouldHaveNumberOrIndexWhenAskedForIt() {
        assertThat(DeviceRequest.gpus(2).gpus()).hasValue(2);
        assertThat(DeviceRequest.gpus(2).index()).isEmpty();
        assertThat(DeviceRequest.index(0).index()).hasValue(0);
        assertThat(DeviceRequest.index(0).gpus()).isEmpty();
    }

    @Test
    void shouldLeaveOriginalWhenChanged() {
        DeviceRequest original = DeviceRequest.gpus(2);
        DeviceRequest changed = original.overSubscribed().waitUpTo(Duration.ofSeconds(1));

        assertThat(changed).hasToString("DeviceRequest[gpus=2, overSubscribed, waitUpTo=PT1S]");
        assertThat(original).isEqualTo(DeviceRequest.gpus(2)).isNotEqualTo(changed);
    }

    @Test
    void shouldBeEqualWhenAllPartsAre() {
        assertThat(DeviceRequest.index(1)).isEqualTo(DeviceRequest.index(1)).hasSameHashCodeAs(DeviceRequest.index(1));
        assertThat(DeviceRequest.index(1))
                .isNotEqualTo(DeviceRequest.gpus(1))
                .isNotEqualTo(DeviceRequest.index(2))
                .isNotEqualTo(DeviceRequest.index(1).overSubscribed())
                .isNotEqualTo(DeviceRequest.index(1).waitUpTo(Duration.ofDays(1)));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE})
    void shouldRefuseIndexWhenNegative(int index) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeviceRequest.index(index))
                .withMessageContaining("index=" + index);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1025})
    void shouldRefuseNumberWhenOutOfRange(int gpus) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeviceRequest.gpus(gpus))
                .withMessageContaining("gpus=" + gpus);
    }

    @Test
    void shouldRefuseDurationWhenNegativeOrNull() {
        DeviceRequest request = DeviceRequest.configured();

        assertThatIllegalArgumentException().isThrownBy(() -> request.waitUpTo(Duration.ofSeconds(-1)));
        assertThatNullPointerException().isThrownBy(() -> request.waitUpTo(Nulls.nothing()));
    }
}
