// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import genv.api.MemorySize;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DeviceTest {
    private static Device.Builder full() {
        return Device.builder(3, "GPU-3")
                .name("Acme 1")
                .totalMemory(MemorySize.parse("16gi"))
                .pciBusId("00000000:3B:00.0")
                .minorNumber(3)
                .computeCapability("9.0")
                .numaNode(1)
                .migEnabled(true)
                .parentUuid("GPU-0")
                .visibleName("MIG-GPU-0/1/0");
    }

    @Test
    void shouldHaveEveryPartWhenAllAreGiven() {
        Device device = full().build();

        assertThat(device.index()).isEqualTo(3);
        assertThat(device.uuid()).isEqualTo("GPU-3");
        assertThat(device.name()).contains("Acme 1");
        assertThat(device.totalMemory()).contains(MemorySize.parse("16gi"));
        assertThat(device.pciBusId()).contains("00000000:3B:00.0");
        assertThat(device.minorNumber()).hasValue(3);
        assertThat(device.computeCapability()).contains("9.0");
        assertThat(device.numaNode()).hasValue(1);
        assertThat(device.migEnabled()).contains(true);
        assertThat(device.parentUuid()).contains("GPU-0");
        assertThat(device.visibleName()).contains("MIG-GPU-0/1/0");
        assertThat(device)
                .hasToString("Device[index=3, uuid=GPU-3, name=Acme 1, totalMemory=16gi, pciBusId=00000000:3B:00.0]");
        assertThat(device).isEqualTo(full().build()).hasSameHashCodeAs(full().build());
    }

    @Test
    void shouldBeUnequalWhenOnePartDiffers() {
        Device device = full().build();

        assertThat(List.of(
                        full().name("x"),
                        full().totalMemory(MemorySize.ofBytes(1)),
                        full().pciBusId("x"),
                        full().minorNumber(4),
                        full().computeCapability("x"),
                        full().numaNode(2),
                        full().migEnabled(false),
                        full().parentUuid("x"),
                        full().visibleName("x"),
                        Device.builder(3, "GPU-3"),
                        Device.builder(3, "GPU-4"),
                        Device.builder(4, "GPU-3")))
                .allSatisfy(other -> assertThat(other.build()).isNotEqualTo(device));
    }

    @Test
    void shouldLeaveOutWhatIsNotGiven() {
        Device device = Device.builder(0, "u").build();

        assertThat(device.name()).isEmpty();
        assertThat(device.totalMemory()).isEmpty();
        assertThat(device.numaNode()).isEmpty();
        assertThat(device.migEnabled()).isEmpty();
        assertThat(device.visibleName()).isEmpty();
        assertThat(device).hasToString("Device[index=0, uuid=u]");
    }

    @Test
    void shouldRefuseValueWhenItIsImpossible() {
        assertThatIllegalArgumentException().isThrownBy(() -> Device.builder(-1, "u"));
        assertThatIllegalArgumentException().isThrownBy(() -> Device.builder(0, " "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> full().minorNumber(-1))
                .withMessage("negative value from a device: minorNumber=-1; leave out what is not known");
        assertThatIllegalArgumentException().isThrownBy(() -> full().numaNode(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> full().name(""));
        assertThatIllegalArgumentException().isThrownBy(() -> full().visibleName("0,1"));
        assertThatIllegalArgumentException().isThrownBy(() -> full().visibleName("0\0"));
    }

    @Test
    void shouldHaveEveryValueWhenSampleIsComplete() {
        List<DeviceProcess> processes =
                new ArrayList<>(List.of(new DeviceProcess(7, DeviceProcess.Kind.COMPUTE, Optional.empty())));
        DeviceSample.Builder builder = DeviceSample.builder()
                .memoryUsed(MemorySize.parse("1g"))
                .gpuUtilization(100)
                .memoryUtilization(0)
                .temperature(-5)
                .powerMilliwatts(70_000)
                .processes(processes);
        processes.clear();
        DeviceSample sample = builder.build();

        assertThat(sample.memoryUsed()).contains(MemorySize.parse("1g"));
        assertThat(sample.gpuUtilization()).hasValue(100);
        assertThat(sample.memoryUtilization()).hasValue(0);
        assertThat(sample.temperature()).hasValue(-5);
        assertThat(sample.powerMilliwatts()).hasValue(70_000);
        assertThat(sample.processes()).hasSize(1).isUnmodifiable();
        assertThat(sample)
                .isEqualTo(builder.build())
                .hasSameHashCodeAs(builder.build())
                .isNotEqualTo(builder.temperature(5).build())
                .isNotEqualTo(DeviceSample.builder().build());
    }

    @Test
    void shouldBeEmptyWhenNothingIsSampled() {
        assertThat(DeviceSample.builder().build()).hasToString("DeviceSample[]");
    }

    @Test
    void shouldTellNoProcessFromUnknownProcesses() {
        DeviceProcess process = new DeviceProcess(7, DeviceProcess.Kind.COMPUTE, Optional.empty());
        DeviceSample unknown = DeviceSample.builder().build();
        DeviceSample none = DeviceSample.builder().processes(List.of()).build();
        DeviceSample all = DeviceSample.builder().processes(List.of(process)).build();
        DeviceSample some =
                DeviceSample.builder().someProcesses(List.of(process)).build();

        assertThat(unknown.processesKnown()).isFalse();
        assertThat(none.processesKnown()).isTrue();
        assertThat(all.processesKnown()).isTrue();
        assertThat(some.processesKnown()).isFalse();
        assertThat(some.processes()).isEqualTo(all.processes()).isUnmodifiable();
        assertThat(unknown).isNotEqualTo(none);
        assertThat(some).isNotEqualTo(all);
        assertThat(none).hasToString("DeviceSample[processes=[]]");
        assertThat(some).hasToString("DeviceSample[someProcesses=[" + process + "]]");
    }

    @Test
    void shouldRefuseSampleWhenItIsImpossible() {
        DeviceSample.Builder builder = DeviceSample.builder();

        assertThatIllegalArgumentException().isThrownBy(() -> builder.gpuUtilization(101));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.memoryUtilization(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.powerMilliwatts(-1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DeviceProcess(-1, DeviceProcess.Kind.COMPUTE, Optional.empty()));
    }

    @Test
    void shouldHaveDefaultsWhenBackendHasOnlyWhatItMust() {
        DeviceBackend backend = new DeviceBackend() {
            @Override
            public String id() {
                return "least";
            }

            @Override
            public Availability availability() {
                return new Availability.Available();
            }

            @Override
            public List<Device> devices() {
                return List.of();
            }

            @Override
            public DeviceSample sample(int index) {
                return DeviceSample.builder().build();
            }
        };

        assertThat(backend.onRequestOnly()).isFalse();
        assertThat(backend.faults()).isEmpty();
        assertThat(backend.closeness(0, 1)).isEmpty();
        assertThat(backend.visibilityVariable()).isEqualTo("CUDA_VISIBLE_DEVICES");
        backend.close();
    }
}
