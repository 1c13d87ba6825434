// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.spi.Device;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the visibility variable calls devices, so that no entry means somebody else's. */
class VisibleNamesTest {
    private static final String CUDA = VariableNames.CUDA_VISIBLE_DEVICES;

    private static Device device(int index) {
        return Device.builder(index, "GPU-" + index).build();
    }

    /** The entries of the variable. */
    private static List<String> names(String variable, List<Integer> attached, List<Device> all) {
        String value = VisibleNames.of(variable, all).of(attached);
        return value.equals("-1") ? List.of() : List.of(value.split(","));
    }

    private static List<Device> devices(int... indices) {
        return IntStream.of(indices).mapToObj(VisibleNamesTest::device).toList();
    }

    @Test
    void shouldBeIndicesWhenNoDeviceIsLost() {
        assertThat(names(CUDA, List.of(2, 0, 3), devices(0, 1, 2, 3))).containsExactly("2", "0", "3");
        assertThat(names(CUDA, List.of(), devices(0))).isEmpty();
    }

    @Test
    void shouldBeIndicesWhenTheLostDeviceIsBehindAllAttached() {
        assertThat(names(CUDA, List.of(0, 1), devices(0, 1, 3))).containsExactly("0", "1");
    }

    @Test
    void shouldBeUuidsWhenADeviceBelowIsLost() {
        assertThat(names(CUDA, List.of(0, 2, 3), devices(0, 2, 3))).containsExactly("GPU-0", "GPU-2", "GPU-3");
    }

    @Test
    void shouldLeaveOutAnAttachedDeviceThatIsLost() {
        assertThat(names(CUDA, List.of(1, 2), devices(0, 2, 3))).containsExactly("GPU-2");
        assertThat(names(CUDA, List.of(1), devices(0, 2, 3)))
                .as("CUDA would call device 2 by this index")
                .isEmpty();
        assertThat(names(CUDA, List.of(2), devices(0, 1))).isEmpty();
    }

    @Test
    void shouldBeTheVisibleNameWhenADeviceHasOne() {
        List<Device> all = List.of(
                Device.builder(0, "MIG-abc").visibleName("MIG-GPU-1/2/0").build(),
                Device.builder(1, "GPU-1").visibleName("GPU-1").build());
        assertThat(names(CUDA, List.of(0, 1), all)).containsExactly("MIG-GPU-1/2/0", "GPU-1");
    }

    @Test
    void shouldNotMixIndicesAndUuids() {
        List<Device> all = List.of(
                device(0), Device.builder(1, "MIG-b").visibleName("MIG-b").build(), device(2));
        assertThat(names(CUDA, List.of(0, 1), all)).containsExactly("GPU-0", "MIG-b");
        assertThat(names(CUDA, List.of(0, 2), all)).containsExactly("0", "2");
    }

    @Test
    void shouldBeTheIndexWhenTheUuidIsNotOneOfCudas() {
        List<Device> all = List.of(Device.builder(1, "ACME-1").build());
        assertThat(names(CUDA, List.of(1), all)).containsExactly("1");
    }

    @Test
    void shouldBeIndicesWhenTheVariableIsAnotherMakers() {
        List<Device> all =
                List.of(device(1), Device.builder(2, "GPU-2").visibleName("two").build());
        assertThat(names("HIP_VISIBLE_DEVICES", List.of(0, 1, 2), all)).containsExactly("0", "1", "two");
    }
}
