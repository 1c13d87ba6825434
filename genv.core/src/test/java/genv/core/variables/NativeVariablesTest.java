// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.EnvConfig;
import genv.core.os.NativeEnvironment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NativeVariablesTest {
    /** Not the real one: other tests of this JVM must not find themselves without devices. */
    private static final String VARIABLE = "GENV_TEST_VISIBLE_DEVICES";

    private final NativeVariables variables = new NativeVariables();

    @AfterEach
    void removeVariable() {
        NativeEnvironment.unset(VARIABLE);
    }

    @Test
    void shouldSetAndRemoveInNativeEnvironmentWhenAsked() {
        variables.set(VARIABLE, "0,1");
        assertThat(NativeEnvironment.get(VARIABLE)).contains("0,1");
        assertThat(variables.get(VARIABLE)).contains("0,1");

        variables.unset(VARIABLE);
        assertThat(NativeEnvironment.get(VARIABLE)).isEmpty();
    }

    @Test
    void shouldRestoreExactBytesWhenValueIsNotText() {
        byte[] notText = {'a', (byte) 0xff, (byte) 0xc0, 'b'};
        NativeEnvironment.setBytes(VARIABLE, notText);

        VariableStore.Remembered before = variables.remember(VARIABLE);
        variables.set(VARIABLE, "0");
        before.restore(variables, VARIABLE);

        assertThat(NativeEnvironment.getBytes(VARIABLE))
                .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(notText));
    }

    @Test
    void shouldRestoreAbsenceWhenScopeOverNativeEnvironmentIsClosed() {
        EnvironmentVariables set = new HostVariables(VisibleNames.ofIndices(VARIABLE), Path.of("/state"), true)
                .of("e1", EnvConfig.empty(), List.of(3));

        try (VariableScope scope = VariableScope.open(variables, set)) {
            assertThat(scope.variables()).isEqualTo(set);
            assertThat(NativeEnvironment.get(VARIABLE)).contains("3");
        }

        assertThat(NativeEnvironment.get(VARIABLE)).isEmpty();
    }

    @Test
    void shouldRestoreExactBytesWhenScopeOverNativeEnvironmentIsClosed() {
        byte[] notText = {'a', (byte) 0xff, (byte) 0xc0, 'b'};
        NativeEnvironment.setBytes(VARIABLE, notText);
        HostVariables host = new HostVariables(VisibleNames.ofIndices(VARIABLE), Path.of("/state"), true);

        try (VariableScope scope = VariableScope.open(variables, host.of("e1", EnvConfig.empty(), List.of(3)))) {
            scope.update(host.of("e1", EnvConfig.empty(), List.of(4)));
            assertThat(NativeEnvironment.get(VARIABLE)).contains("4");
        }

        assertThat(NativeEnvironment.getBytes(VARIABLE))
                .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(notText));
    }
}
