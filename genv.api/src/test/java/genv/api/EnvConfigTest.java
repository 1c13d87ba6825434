// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvConfigTest {
    @Test
    void shouldHaveEveryPartWhenAllAreGiven() {
        EnvConfig config = EnvConfig.builder().name("x").gpus(2).gpuMemory("4g").build();

        assertThat(config.name()).contains("x");
        assertThat(config.gpus()).hasValue(2);
        assertThat(config.gpuMemory()).contains(MemorySize.ofBytes(4_000_000_000L));
        assertThat(config.isEmpty()).isFalse();
        assertThat(config).hasToString("EnvConfig[name=x, gpus=2, gpuMemory=4g]");
    }

    @Test
    void shouldBeEmptyWhenNothingIsGiven() {
        assertThat(EnvConfig.builder().build()).isEqualTo(EnvConfig.empty()).hasToString("EnvConfig[]");
        assertThat(EnvConfig.empty().isEmpty()).isTrue();
        assertThat(EnvConfig.builder().gpus(0).build().isEmpty()).isFalse();
    }

    @Test
    void shouldCopyPartsWhenBuilderIsMadeFromConfig() {
        EnvConfig config = EnvConfig.builder().name("x").gpus(2).gpuMemory("4g").build();

        assertThat(config.toBuilder().build()).isEqualTo(config).hasSameHashCodeAs(config);
        assertThat(config.toBuilder().gpus(3).build()).isNotEqualTo(config);
        assertThat(config.toBuilder().name("y").build()).isNotEqualTo(config);
        assertThat(config.toBuilder().gpuMemory("5g").build()).isNotEqualTo(config);
        assertThat(config.gpus()).hasValue(2);
    }

    @Test
    void shouldKeepBuiltConfigWhenBuilderGoesOn() {
        EnvConfig.Builder builder = EnvConfig.builder().gpus(1);
        EnvConfig first = builder.build();
        builder.gpus(2).name("later");

        assertThat(first).isEqualTo(EnvConfig.builder().gpus(1).build());
    }

    @Test
    void shouldKeepBuilderWhenValueIsRefused() {
        EnvConfig.Builder builder = EnvConfig.builder().name("x").gpus(1).gpuMemory("4g");

        assertThatIllegalArgumentException().isThrownBy(() -> builder.gpus(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.name(""));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.gpuMemory("-1g"));

        assertThat(builder.build()).hasToString("EnvConfig[name=x, gpus=1, gpuMemory=4g]");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1024})
    void shouldTakeGpusWhenInRange(int gpus) {
        assertThat(EnvConfig.builder().gpus(gpus).build().gpus()).hasValue(gpus);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, 1025, Integer.MAX_VALUE})
    void shouldRefuseGpusWhenOutOfRange(int gpus) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvConfig.builder().gpus(gpus))
                .withMessage("number of gpus is out of range: gpus=" + gpus + "; give one from 0 to 1024");
    }

    @Test
    void shouldRefuseMemoryWhenZero() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvConfig.builder().gpuMemory("0g"))
                .withMessageContaining("gpuMemory=0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvConfig.builder().gpuMemory("0.0001k"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvConfig.builder().gpuMemory(MemorySize.ofBytes(0)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "two words", "\u00e9\u4e2d", "\ud83d\ude00", "a/b=c,d;\"e\"", "../x"})
    void shouldTakeNameWhenItIsPlainText(String name) {
        assertThat(EnvConfig.builder().name(name).build().name()).contains(name);
        assertThat(EnvConfig.builder().name("n".repeat(128)).build().name()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\0b", "a\nb", "a\u001b[31m", "\u007f", "\u0085", "\ud83d", "\ude00", "a\ude00\ud83d"})
    void shouldRefuseNameWhenVariableCannotHoldIt(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvConfig.builder().name(name))
                .satisfies(e -> assertThat(e.getMessage()).matches("[ -~]+"));
    }

    @Test
    void shouldRefuseNameWhenTooLong() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvConfig.builder().name("n".repeat(129)))
                .withMessageContaining("length=129, limit=128");
    }

    @Test
    void shouldRefuseNullWhenGivenToBuilder() {
        assertThatNullPointerException().isThrownBy(() -> EnvConfig.builder().name(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> EnvConfig.builder().gpuMemory(Nulls.<String>nothing()));
        assertThatNullPointerException().isThrownBy(() -> EnvConfig.builder().gpuMemory(Nulls.<MemorySize>nothing()));
    }
}
