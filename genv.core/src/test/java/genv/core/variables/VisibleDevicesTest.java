// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.spi.Device;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VisibleDevicesTest {
    private static final String CUDA = "CUDA_VISIBLE_DEVICES";

    private static final List<Device> FOUR = List.of(
            gpu(0, "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"),
            gpu(1, "GPU-8932aaaa-0000-0000-0000-000000000001"),
            gpu(2, "GPU-b0000000-0000-0000-0000-000000000002"),
            gpu(3, "GPU-c0000000-0000-0000-0000-000000000003"));

    /** Device 1 is divided into two instances; the indices after it are no longer those of nvidia-smi. */
    private static final List<Device> DIVIDED = List.of(
            gpu(0, "GPU-a"),
            instance(1, "MIG-11111111", "GPU-b", "MIG-GPU-b/1/0"),
            instance(2, "MIG-22222222", "GPU-b", "MIG-GPU-b/10/0"),
            gpu(3, "GPU-c"));

    @Test
    void shouldRestrictNothingWhenNotSet() {
        VisibleDevices visible = VisibleDevices.parse(CUDA, Optional.empty(), FOUR);

        assertThat(visible).isEqualTo(VisibleDevices.all());
        assertThat(visible.contains(0)).isTrue();
        assertThat(visible.contains(99)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        0                                        | 0
        2,1                                      | 1 2
        0,1,2,3                                  | 0 1 2 3
        ' 0 , 2 '                                | 0 2
        03                                       | 3
        0,2,-1,1                                 | 0 2
        0,4,1                                    | 0
        0,,1                                     | 0
        1,                                       | 1
        1,2gpu,3                                 | 1
        GPU-b0000000-0000-0000-0000-000000000002 | 2
        GPU-8932f,GPU-c                          | 0 3
        GPU-b,0                                  | 0 2
        GPU-c,GPU-8932,0                         | 3
        GPU-c,GPU-x,0                            | 3
        0,99999999999999999999,1                 | 0
        """)
    void shouldTakeEntriesUpToFirstInvalidOneWhenSet(String text, String expected) {
        assertThat(visible(text, FOUR)).containsExactly(indices(expected));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "-1",
                "NoDevFiles",
                "all",
                "none",
                "void",
                "-1,0",
                "4",
                "10000",
                "GPU-",
                "GPU",
                "gpu-c",
                "GPU-8932",
                "+0",
                "0x1",
                "0-2",
                "\u0660",
                "\uff10",
                "0\0",
                ",0",
                "MIG-1"
            })
    void shouldShowNothingWhenFirstEntryIsInvalid(String text) {
        assertThat(visible(text, FOUR)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0,0", "0,1,0", "GPU-c,GPU-c0", "3,GPU-c", "1,01"})
    void shouldShowNothingWhenDeviceIsNamedTwice(String text) {
        assertThat(visible(text, FOUR)).isEmpty();
    }

    @Test
    void shouldNotMindRepetitionWhenListHasEndedBefore() {
        assertThat(visible("0,-1,0", FOUR)).containsExactly(0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        MIG-11111111             | 1
        MIG-2                    | 2
        MIG-GPU-b/1/0            | 1
        MIG-GPU-b/10/0           | 2
        GPU-b                    | 1 2
        GPU-c,MIG-1              | 1 3
        0                        | 0
        """)
    void shouldNameInstancesWhenDeviceIsDivided(String text, String expected) {
        assertThat(visible(text, DIVIDED)).containsExactly(indices(expected));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "2", "3", "MIG-GPU-b/1", "MIG-GPU-b", "MIG-GPU-b/1/1", "MIG-"})
    void shouldShowNothingWhenEntryCannotBeToldInDividedDevices(String text) {
        assertThat(visible(text, DIVIDED)).isEmpty();
    }

    @Test
    void shouldShowNothingWhenAllOfDividedDeviceAndOneInstanceAreNamed() {
        assertThat(visible("GPU-b,MIG-11111111", DIVIDED)).isEmpty();
    }

    @Test
    void shouldNameParentByBeginningWhenItIsNotListedItself() {
        List<Device> devices = List.of(
                instance(0, "MIG-1", "GPU-bcd", "MIG-GPU-bcd/1/0"), instance(1, "MIG-2", "GPU-bce", "MIG-GPU-bce/1/0"));

        assertThat(visible("GPU-bcd", devices)).containsExactly(0);
        assertThat(visible("GPU-bc", devices)).isEmpty();
    }

    @Test
    void shouldSkipLostDeviceWhenIndicesHaveGap() {
        List<Device> devices = List.of(gpu(0, "GPU-a"), gpu(2, "GPU-c"));

        assertThat(visible("2", devices)).containsExactly(2);
        assertThat(visible("0,1,2", devices)).containsExactly(0);
    }

    @Test
    void shouldExplainWhenListEndsEarly() {
        assertThat(VisibleDevices.parse(CUDA, Optional.of("0,7"), FOUR))
                .hasToString("CUDA_VISIBLE_DEVICES=0,7, visible=[0] (ends at '7')");
        assertThat(VisibleDevices.parse(CUDA, Optional.of("1,1"), FOUR))
                .hasToString("CUDA_VISIBLE_DEVICES=1,1, visible=[] ('1' repeats device 1)");
        assertThat(VisibleDevices.parse(CUDA, Optional.of(""), FOUR)).hasToString("CUDA_VISIBLE_DEVICES=, visible=[]");
    }

    @Test
    void shouldKeepMessageShortWhenTextIsLongAndForeign() {
        assertThat(VisibleDevices.parse(CUDA, Optional.of("\u001b[2J" + "x".repeat(100_000)), FOUR)
                        .toString())
                .hasSizeLessThan(600)
                .doesNotContain("\u001b");
    }

    private static Iterable<Integer> visible(String text, List<Device> devices) {
        return ((VisibleDevices.Only) VisibleDevices.parse(CUDA, Optional.of(text), devices)).indices();
    }

    private static Integer[] indices(String text) {
        return Stream.of(text.split(" ")).map(Integer::valueOf).toArray(Integer[]::new);
    }

    private static Device gpu(int index, String uuid) {
        return Device.builder(index, uuid).build();
    }

    private static Device instance(int index, String uuid, String parent, String visibleName) {
        return Device.builder(index, uuid)
                .parentUuid(parent)
                .visibleName(visibleName)
                .build();
    }
}
