// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
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

    @ParameterizedTest
    @ValueSource(ints = {1022, 1023, 1024, 1025, 100_000})
    void shouldReadLongValues(int length) {
        for (String letter : List.of("x", "\u00e4")) {
            NativeEnvironment.set(NAME, letter.repeat(length));

            assertThat(NativeEnvironment.get(NAME)).contains(letter.repeat(length));
        }
    }

    @Test
    void shouldNotKeepTheEndOfALongerValue() {
        NativeEnvironment.set(NAME, "longer");
        NativeEnvironment.set(NAME, "x");
        assertThat(NativeEnvironment.get(NAME)).contains("x");

        NativeEnvironment.setBytes(NAME, new byte[] {'y'});
        assertThat(NativeEnvironment.get(NAME)).contains("y");
    }

    @Test
    void shouldFindMoreNamesThanAreKept() {
        for (int i = 0; i < 200; i++) {
            NativeEnvironment.set(NAME + "_" + i, "" + i);
            assertThat(NativeEnvironment.get(NAME + "_" + i)).contains("" + i);
            NativeEnvironment.unset(NAME + "_" + i);
            assertThat(NativeEnvironment.get(NAME + "_" + i)).isEmpty();
        }
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
