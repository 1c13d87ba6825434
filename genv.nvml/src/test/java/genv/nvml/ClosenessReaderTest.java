// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.spi.Closeness;
import genv.nvml.binding.NvmlAbi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosenessReaderTest {
    @ParameterizedTest
    @CsvSource({
        "0,SAME_BOARD",
        "10,SINGLE_SWITCH",
        "20,MULTIPLE_SWITCHES",
        "30,HOST_BRIDGE",
        "40,NUMA_NODE",
        "50,SYSTEM",
        "5,SINGLE_SWITCH",
        "35,NUMA_NODE",
        "51,SYSTEM",
        "-1,SYSTEM"
    })
    void shouldTellHowFarThePciePathGoes(int level, Closeness expected) {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            nvml.ancestorLevel = level;
            assertThat(backend.closeness(0, 1)).contains(expected);
            assertThat(backend.closeness(1, 0)).contains(expected);
        }
    }

    @Test
    void shouldPreferNvLinkToPcie() {
        try (FakeNvml nvml = new FakeNvml(new FakeDevice(0), new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            nvml.p2pNvLinkStatus = NvmlAbi.NVML_P2P_STATUS_OK();
            assertThat(backend.closeness(0, 1)).contains(Closeness.NVLINK);
            nvml.ancestorLevel = NvmlAbi.NVML_TOPOLOGY_INTERNAL();
            assertThat(backend.closeness(0, 1)).contains(Closeness.SAME_BOARD);
        }
    }

    @Test
    void shouldFindADirectLinkWhenTheDriverCannotBeAskedForTheStatus() {
        FakeDevice one = new FakeDevice(0);
        FakeDevice other = new FakeDevice(1);
        FakeDevice third = new FakeDevice(2);
        one.links.put(0, null);
        one.links.put(1, third);
        one.links.put(2, other);
        try (FakeNvml nvml = new FakeNvml(one, other, third).without("nvmlDeviceGetP2PStatus");
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.closeness(0, 1)).contains(Closeness.NVLINK);
            assertThat(backend.closeness(0, 2)).contains(Closeness.NVLINK);
            assertThat(backend.closeness(1, 2)).contains(Closeness.SYSTEM);
        }
    }

    @Test
    void shouldFindALinkBehindOneThatTheDriverSaysNothingAbout() {
        FakeDevice one = new FakeDevice(0);
        FakeDevice other = new FakeDevice(1);
        one.links.put(NvmlAbi.NVML_NVLINK_MAX_LINKS() - 1, other);
        try (FakeNvml nvml = new FakeNvml(one, other).without("nvmlDeviceGetP2PStatus");
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.closeness(0, 1)).contains(Closeness.NVLINK);
        }
    }

    @Test
    void shouldNotTakeALinkToTheSameBusOfAnotherDomain() {
        FakeDevice one = new FakeDevice(0);
        FakeDevice other = new FakeDevice(1);
        FakeDevice elsewhere = new FakeDevice(1);
        elsewhere.domain = 1;
        one.links.put(0, elsewhere);
        try (FakeNvml nvml = new FakeNvml(one, other).without("nvmlDeviceGetP2PStatus");
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.closeness(0, 1)).contains(Closeness.SYSTEM);
        }
    }

    @Test
    void shouldSayNothingWhenADriverCannotBeAsked() {
        FakeDevice one = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(one, new FakeDevice(1))
                        .without("nvmlDeviceGetTopologyCommonAncestor", "nvmlDeviceGetP2PStatus");
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.closeness(0, 1)).isEmpty();
        }
    }

    @Test
    void shouldSayNothingWhenADeviceIsLost() {
        FakeDevice one = new FakeDevice(0);
        try (FakeNvml nvml = new FakeNvml(one, new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.devices()).hasSize(2);
            one.failing("*", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
            assertThat(backend.closeness(0, 1)).isEmpty();
        }
    }

    @Test
    void shouldCallADeviceAndTheInstancesOfOneGpuSameBoard() {
        FakeDevice gpu = new FakeDevice(0);
        // NVML knows no path from an instance: its GPU is asked about.
        gpu.instance(0, "MIG-a", 1 << 20)
                .failing("nvmlDeviceGetTopologyCommonAncestor", NvmlAbi.NVML_ERROR_INVALID_ARGUMENT())
                .failing("nvmlDeviceGetP2PStatus", NvmlAbi.NVML_ERROR_INVALID_ARGUMENT());
        gpu.instance(1, "MIG-b", 1 << 20);
        try (FakeNvml nvml = new FakeNvml(gpu, new FakeDevice(1));
                NvmlBackend backend = nvml.backend()) {
            assertThat(backend.closeness(0, 1)).contains(Closeness.SAME_BOARD);
            assertThat(backend.closeness(2, 2)).contains(Closeness.SAME_BOARD);
            assertThat(backend.closeness(0, 2)).contains(Closeness.SYSTEM);
        }
    }
}
