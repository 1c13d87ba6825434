// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeEnvironmentTest {
    private static final String NAME = "GENV_TEST_NATIVE_ENVIRONMENT";

    @AfterEach
    void removeVariable() {
        NativeEnvironment.unset(NAME);
    }

    @Test
    void shouldFindNothingWhenVariableIsUnset() {
        assertThat(NativeEnvironment.get(NAME)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "a=b", "größe 測試 \uD83D\uDE00"})
    void shouldReadWhatWasSet(String value) {
        NativeEnvironment.set(NAME, value);

        assertThat(NativeEnvironment.get(NAME)).contains(value);
    }

    @Test
    void shouldReplaceWhenSetAgain() {
        NativeEnvironment.set(NAME, "a longer first value");
        NativeEnvironment.set(NAME, "second");

        assertThat(NativeEnvironment.get(NAME)).contains("second");
    }

    @Test
    void shouldFindNothingAfterUnset() {
        NativeEnvironment.set(NAME, "x");
        NativeEnvironment.unset(NAME);

        assertThat(NativeEnvironment.get(NAME)).isEmpty();
    }

    @Test
    void shouldKeepBytesThatAreNotUtf8() {
        byte[] value = {'a', (byte) 0xff, (byte) 0xc3, 'b'};

        NativeEnvironment.setBytes(NAME, value);

        assertThat(NativeEnvironment.getBytes(NAME)).hasValue(value);
    }

    @Test
    void shouldSeeVariablesThatTheProcessInherited() {
        assertThat(NativeEnvironment.get("PATH")).isEqualTo(Optional.ofNullable(System.getenv("PATH")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A=B", "=", "A\0B", "\uD800"})
    void shouldRefuseBadNames(String name) {
        assertThatThrownBy(() -> NativeEnvironment.set(name, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> NativeEnvironment.get(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> NativeEnvironment.unset(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldChangeNothingWhenValueHasNul() {
        NativeEnvironment.set(NAME, "before");

        assertThatThrownBy(() -> NativeEnvironment.set(NAME, "a\0b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("position=1");
        assertThat(NativeEnvironment.get(NAME)).contains("before");
    }
}
