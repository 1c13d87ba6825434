// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ActivationRequestTest {
    private static final ActivationRequest PLAIN = ActivationRequest.of(EnvConfig.empty());

    @Test
    void shouldAskForNothingElseWhenMadeOfConfig() {
        EnvConfig config = EnvConfig.builder().gpus(1).build();
        ActivationRequest request = ActivationRequest.of(config);

        assertThat(request.config()).isEqualTo(config);
        assertThat(request.eid()).isEmpty();
        assertThat(request.isOverSubscribed()).isFalse();
        assertThat(request.waitLimit()).isZero();
    }

    @Test
    void shouldLeaveOriginalWhenChanged() {
        ActivationRequest changed = PLAIN.eid("e").overSubscribed().waitUpTo(Duration.ofSeconds(1));

        assertThat(changed.eid()).contains("e");
        assertThat(changed.isOverSubscribed()).isTrue();
        assertThat(changed.waitLimit()).isEqualTo(Duration.ofSeconds(1));
        assertThat(changed).hasToString("ActivationRequest[EnvConfig[], eid=e, overSubscribed, waitUpTo=PT1S]");
        assertThat(PLAIN).isEqualTo(ActivationRequest.of(EnvConfig.empty()));
    }

    @Test
    void shouldBeEqualWhenAllPartsAre() {
        assertThat(PLAIN.eid("e")).isEqualTo(PLAIN.eid("e")).hasSameHashCodeAs(PLAIN.eid("e"));
        assertThat(PLAIN)
                .isNotEqualTo(PLAIN.eid("e"))
                .isNotEqualTo(PLAIN.overSubscribed())
                .isNotEqualTo(PLAIN.waitUpTo(Duration.ofNanos(1)))
                .isNotEqualTo(PLAIN.placement(PlacementPolicy.bestFit()))
                .isNotEqualTo(ActivationRequest.of(EnvConfig.builder().gpus(0).build()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "4711", "4711-2", "e44", "job_1.a:b@host+x-y", "A", "a..b"})
    void shouldTakeIdentifierWhenItsCharactersAreAllowed(String eid) {
        assertThat(PLAIN.eid(eid).eid()).contains(eid);
        assertThat(PLAIN.eid("a".repeat(128)).eid()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "../x",
                "a/b",
                "a\\b",
                ".hidden",
                "-x",
                "_x",
                "a b",
                "a\n",
                "\n",
                "a\0",
                "a\tb",
                "\u001b[31m",
                "\u00e9",
                "\uff11",
                "\u0661",
                "a*",
                "a=b",
                "a,b",
                "a;b",
                "$a",
                "a'",
                "a\"",
                "\ud83d\ude00",
                "\ud83d"
            })
    void shouldRefuseIdentifierWhenCharacterIsNotAllowed(String eid) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.eid(eid))
                .satisfies(e -> assertThat(e.getMessage()).matches("[ -~]+"));
    }

    @Test
    void shouldShortenIdentifierWhenTooLong() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.eid("a".repeat(10_000)))
                .withMessage("environment identifier is too long: eid=\"" + "a".repeat(40)
                        + "\"... (10000 characters), length=10000, limit=128; shorten it");
        assertThatIllegalArgumentException().isThrownBy(() -> PLAIN.eid("a".repeat(129)));
    }

    @Test
    void shouldEscapeIdentifierWhenShown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.eid("a\u001b\"\\"))
                .withMessageContaining("eid=\"a\\u001b\\\"\\\\\", position=1;");
    }

    @Test
    void shouldKeepDurationWhenBeyondNanoseconds() {
        Duration forEver = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);

        assertThat(PLAIN.waitUpTo(forEver).waitLimit()).isEqualTo(forEver);
    }

    @Test
    void shouldRefuseDurationWhenNegative() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.waitUpTo(Duration.ofNanos(-1)))
                .withMessageContaining("limit=PT-0.000000001S");
    }

    @Test
    void shouldRefuseNullWhenGiven() {
        assertThatNullPointerException().isThrownBy(() -> ActivationRequest.of(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> PLAIN.eid(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> PLAIN.waitUpTo(Nulls.nothing()));
    }
}
