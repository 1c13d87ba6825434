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

        EnvironmentVariables variables = variables(CUDA, devices(4)).of("e1", config, List.of(3, 1));

        assertThat(variables.set().toString())
                .isEqualTo("{GENV_ENVIRONMENT_ID=e1, GENV_ENVIRONMENT_NAME=train, GENV_GPUS=2, GENV_GPU_MEMORY=4g,"
                        + " GENV_ENVS=/state, GENV_PYTHON=1, CUDA_DEVICE_ORDER=PCI_BUS_ID, CUDA_VISIBLE_DEVICES=3,1}");
        assertThat(variables.unset()).isEmpty();
    }

    @Test
    void shouldSayAbsentWhenPartIsNotConfigured() {
        EnvironmentVariables variables = variables(CUDA, devices(1)).of("e1", EnvConfig.empty(), List.of(0));

        assertThat(variables.set())
                .doesNotContainKeys("GENV_ENVIRONMENT_NAME", "GENV_GPUS", "GENV_GPU_MEMORY")
                .containsEntry("GENV_ENVIRONMENT_ID", "e1");
        assertThat(variables.unset()).containsExactly("GENV_ENVIRONMENT_NAME", "GENV_GPUS", "GENV_GPU_MEMORY");
    }

    @Test
    void shouldHoldZeroWhenZeroGpusAreConfigured() {
        EnvConfig config = EnvConfig.builder().gpus(0).build();

        assertThat(variables(CUDA, devices(1)).of("e1", config, List.of()).set())
                .containsEntry("GENV_GPUS", "0");
    }

    @Test
    void shouldShowNoDeviceWhenNoneIsAttached() {
        assertThat(variables(CUDA, devices(1))
                        .of("e1", EnvConfig.empty(), List.of())
                        .set())
                .containsEntry(CUDA, "-1")
                .containsEntry("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        assertThat(ofIndices().of("e1", EnvConfig.empty(), List.of()).set()).containsEntry(CUDA, "-1");
    }

    @Test
    void shouldBeEqualWhenMadeFromIndicesOfTheSameDevices() {
        EnvironmentVariables fromDevices = variables(CUDA, devices(6)).of("e1", EnvConfig.empty(), List.of(2, 5));
        EnvironmentVariables fromIndices = ofIndices().of("e1", EnvConfig.empty(), List.of(2, 5));

        assertThat(fromIndices).isEqualTo(fromDevices).hasSameHashCodeAs(fromDevices);
        assertThat(ofIndices().of("e1", EnvConfig.empty(), List.of(5, 2))).isNotEqualTo(fromDevices);
    }

    @Test
    void shouldLeaveCudaAloneWhenVisibilityVariableIsAnothers() {
        EnvironmentVariables variables =
                variables("HIP_VISIBLE_DEVICES", devices(1)).of("e1", EnvConfig.empty(), List.of(0));

        assertThat(variables.set()).containsEntry("HIP_VISIBLE_DEVICES", "0");
        assertThat(variables.set()).doesNotContainKeys(CUDA, "CUDA_DEVICE_ORDER");
        assertThat(variables.unset()).doesNotContain(CUDA, "CUDA_DEVICE_ORDER");
    }

    @Test
    void shouldRemoveParentsConfigurationWhenChildHasNone() {
        Map<String, String> child =
                new HashMap<>(Map.of("GENV_GPUS", "8", "GENV_GPU_MEMORY", "1g", "PATH", "/bin", CUDA, "7"));

        variables(CUDA, devices(1)).of("e1", EnvConfig.empty(), List.of(0)).applyTo(child);

        assertThat(child)
                .doesNotContainKeys("GENV_GPUS", "GENV_GPU_MEMORY")
                .containsEntry("PATH", "/bin")
                .containsEntry(CUDA, "0")
                .containsEntry("GENV_ENVIRONMENT_ID", "e1");
    }

    @Test
    void shouldNotBeChangeableWhenReturned() {
        EnvironmentVariables variables = variables(CUDA, devices(1)).of("e1", EnvConfig.empty(), List.of());

        assertThatThrownBy(() -> variables.set().put("A", "b")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> variables.unset().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> variables.set().remove(CUDA)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void shouldBeAMapLikeAnyOtherWhenReturned() {
        EnvConfig config = EnvConfig.builder().gpus(1).build();

        Map<String, String> set = ofIndices().of("e1", config, List.of(7)).set();

        Map<String, String> same = new HashMap<>();
        set.forEach(same::put);
        assertThat(set).isEqualTo(same).hasSameHashCodeAs(same).hasSize(6).containsEntry(CUDA, "7");
        assertThat(set.get("GENV_ENVIRONMENT_NAME")).as("absent").isNull();
        assertThat(set.containsKey("GENV_ENVIRONMENT_NAME")).isFalse();
        assertThat(set.get("PATH")).as("not spoken of").isNull();
    }

    @Test
    void shouldSayWhereTheStateIsWhenAChildWouldLookElsewhere() {
        HostVariables elsewhere = new HostVariables(VisibleNames.ofIndices(CUDA), STATE, false);

        assertThat(elsewhere.of("e1", EnvConfig.empty(), List.of()).set())
                .containsEntry("GENV_TMPDIR", "/state")
                .containsEntry("GENV_ENVS", "/state");
        assertThat(ofIndices().of("e1", EnvConfig.empty(), List.of()).set()).doesNotContainKey("GENV_TMPDIR");
    }

    @Test
    void shouldRefuseWhenValueHasNul() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> variables(CUDA, List.of()).of("e\0", EnvConfig.empty(), List.of()))
                .withMessageContaining("variable=GENV_ENVIRONMENT_ID")
                .withMessageContaining("position of NUL=1");
    }

    private static HostVariables variables(String visibilityVariable, List<Device> all) {
        return new HostVariables(VisibleNames.of(visibilityVariable, all), STATE, true);
    }

    private static HostVariables ofIndices() {
        return new HostVariables(VisibleNames.ofIndices(CUDA), STATE, true);
    }

    private static List<Device> devices(int count) {
        return IntStream.range(0, count)
                .mapToObj(index -> Device.builder(index, "GPU-" + index).build())
                .toList();
    }
}
