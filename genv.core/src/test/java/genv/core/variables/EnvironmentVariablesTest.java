// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.EnvConfig;
import genv.api.spi.Device;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EnvironmentVariablesTest {
    private static final Path STATE = Path.of("/state");
    private static final String CUDA = VariableNames.CUDA_VISIBLE_DEVICES;

    @Test
    void shouldHaveEveryVariableInOrderWhenAllIsConfigured() {
        EnvConfig config =
                EnvConfig.builder().name("train").gpus(2).gpuMemory("4g").build();

        EnvironmentVariables variables = EnvironmentVariables.of("e1", config, List.of(3, 1), devices(4), CUDA, STATE);

        assertThat(variables.set().toString())
                .isEqualTo("{GENV_ENVIRONMENT_ID=e1, GENV_ENVIRONMENT_NAME=train, GENV_GPUS=2, GENV_GPU_MEMORY=4g,"
                        + " GENV_ENVS=/state, GENV_PYTHON=1, CUDA_DEVICE_ORDER=PCI_BUS_ID, CUDA_VISIBLE_DEVICES=3,1}");
        assertThat(variables.unset()).isEmpty();
    }

    @Test
    void shouldSayAbsentWhenPartIsNotConfigured() {
        EnvironmentVariables variables =
                EnvironmentVariables.of("e1", EnvConfig.empty(), List.of(0), devices(1), CUDA, STATE);

        assertThat(variables.set())
                .doesNotContainKeys("GENV_ENVIRONMENT_NAME", "GENV_GPUS", "GENV_GPU_MEMORY")
                .containsEntry("GENV_ENVIRONMENT_ID", "e1");
        assertThat(variables.unset()).containsExactly("GENV_ENVIRONMENT_NAME", "GENV_GPUS", "GENV_GPU_MEMORY");
    }

    @Test
    void shouldHoldZeroWhenZeroGpusAreConfigured() {
        EnvConfig config = EnvConfig.builder().gpus(0).build();

        assertThat(EnvironmentVariables.of("e1", config, List.of(), devices(1), CUDA, STATE)
                        .set())
                .containsEntry("GENV_GPUS", "0");
    }

    @Test
    void shouldShowNoDeviceWhenNoneIsAttached() {
        assertThat(EnvironmentVariables.of("e1", EnvConfig.empty(), List.of(), devices(1), CUDA, STATE)
                        .set())
                .containsEntry(CUDA, "-1")
                .containsEntry("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        assertThat(EnvironmentVariables.ofIndices("e1", EnvConfig.empty(), List.of(), CUDA, STATE)
                        .set())
                .containsEntry(CUDA, "-1");
    }

    @Test
    void shouldBeEqualWhenMadeFromIndicesOfTheSameDevices() {
        EnvironmentVariables fromDevices =
                EnvironmentVariables.of("e1", EnvConfig.empty(), List.of(2, 5), devices(6), CUDA, STATE);
        EnvironmentVariables fromIndices =
                EnvironmentVariables.ofIndices("e1", EnvConfig.empty(), List.of(2, 5), CUDA, STATE);

        assertThat(fromIndices).isEqualTo(fromDevices).hasSameHashCodeAs(fromDevices);
        assertThat(EnvironmentVariables.ofIndices("e1", EnvConfig.empty(), List.of(5, 2), CUDA, STATE))
                .isNotEqualTo(fromDevices);
    }

    @Test
    void shouldLeaveCudaAloneWhenVisibilityVariableIsAnothers() {
        EnvironmentVariables variables =
                EnvironmentVariables.of("e1", EnvConfig.empty(), List.of(0), devices(1), "HIP_VISIBLE_DEVICES", STATE);

        assertThat(variables.set()).containsEntry("HIP_VISIBLE_DEVICES", "0");
        assertThat(variables.entries()).doesNotContainKeys(CUDA, "CUDA_DEVICE_ORDER");
    }

    @Test
    void shouldRemoveParentsConfigurationWhenChildHasNone() {
        Map<String, String> child =
                new HashMap<>(Map.of("GENV_GPUS", "8", "GENV_GPU_MEMORY", "1g", "PATH", "/bin", CUDA, "7"));

        EnvironmentVariables.of("e1", EnvConfig.empty(), List.of(0), devices(1), CUDA, STATE)
                .applyTo(child);

        assertThat(child)
                .doesNotContainKeys("GENV_GPUS", "GENV_GPU_MEMORY")
                .containsEntry("PATH", "/bin")
                .containsEntry(CUDA, "0")
                .containsEntry("GENV_ENVIRONMENT_ID", "e1");
    }

    @Test
    void shouldNotBeChangeableWhenReturned() {
        EnvironmentVariables variables =
                EnvironmentVariables.of("e1", EnvConfig.empty(), List.of(), devices(1), CUDA, STATE);

        assertThatThrownBy(() -> variables.set().put("A", "b")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> variables.unset().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> variables.entries().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void shouldRefuseWhenValueHasNul() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EnvironmentVariables.of("e\0", EnvConfig.empty(), List.of(), List.of(), CUDA, STATE))
                .withMessageContaining("variable=GENV_ENVIRONMENT_ID")
                .withMessageContaining("position of NUL=1");
    }

    private static List<Device> devices(int count) {
        return IntStream.range(0, count)
                .mapToObj(index -> Device.builder(index, "GPU-" + index).build())
                .toList();
    }
}
