// SPDX-License-Identifier: Apache-2.0
package genv.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenvOptionsTest {
    @Test
    void shouldHaveDefaultsWhenNothingIsGiven() {
        GenvOptions options = GenvOptions.builder().build();

        assertThat(options.stateDirectory()).isEmpty();
        assertThat(options.backend()).isEmpty();
        assertThat(options.backendId()).isEmpty();
        assertThat(options.sharing()).isEqualTo(GenvOptions.Sharing.EVERYONE);
        assertThat(options.processEnvironment()).isTrue();
        assertThat(options.workingDirectory()).isEmpty();
        assertThat(options).isEqualTo(GenvOptions.defaults()).hasSameHashCodeAs(GenvOptions.defaults());
    }

    @Test
    void shouldHaveEveryPartWhenAllAreGiven() {
        GenvOptions.Builder builder = GenvOptions.builder()
                .stateDirectory(Path.of("state"))
                .backendId("nvml")
                .sharing(GenvOptions.Sharing.GROUP)
                .processEnvironment(false)
                .workingDirectory(Path.of("work"));
        GenvOptions options = builder.build();

        assertThat(options)
                .hasToString("GenvOptions[stateDirectory=state, backendId=nvml, sharing=GROUP,"
                        + " processEnvironment=false, workingDirectory=work]")
                .isEqualTo(builder.build())
                .isNotEqualTo(builder.processEnvironment(true).build())
                .isNotEqualTo(GenvOptions.defaults());
        assertThat(options.processEnvironment()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "NVML", "nvml ", "nv_ml", "nv\0ml", "\uff4e"})
    void shouldRefuseBackendIdWhenItIsNone(String id) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GenvOptions.builder().backendId(id))
                .withMessageStartingWith("not the identifier of a backend: id=\"");
    }

    @Test
    void shouldRefuseNullWhenGivenToBuilder() {
        GenvOptions.Builder builder = GenvOptions.builder();

        assertThatNullPointerException().isThrownBy(() -> builder.stateDirectory(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> builder.backend(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> builder.backendId(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> builder.sharing(Nulls.nothing()));
        assertThatNullPointerException().isThrownBy(() -> builder.workingDirectory(Nulls.nothing()));
    }
}
