// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.nvml.FakeDevice.FakeProcess;
import genv.nvml.binding.NvmlAbi;
import genv.testkit.tck.DeviceBackendTck;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;

/** The rules for every backend, on a host with whole GPUs, a divided one and one that is lost from the beginning. */
class NvmlBackendTckTest extends DeviceBackendTck {
    // Not closed: the backend is, after the test, and calls it then.
    private final FakeNvml nvml = new FakeNvml();
    private final SharedSessions sessions = nvml.sessions();
    private final FakeDevice first = new FakeDevice(0);

    NvmlBackendTckTest() {
        FakeDevice divided = new FakeDevice(1);
        divided.instance(0, "MIG-a", 10 * FakeDevice.GIB);
        divided.instance(2, "MIG-b", 10 * FakeDevice.GIB);
        FakeDevice lost = new FakeDevice(2).failing("nvmlDeviceGetHandleByIndex", NvmlAbi.NVML_ERROR_UNKNOWN());
        first.compute.add(new FakeProcess(1, 2));
        nvml.gpus.addAll(List.of(first, divided, lost, new FakeDevice(3)));
    }

    @Override
    protected DeviceBackend backend() {
        return new NvmlBackend(sessions, () -> "fake");
    }

    @Override
    protected boolean mustBeAvailable() {
        return true;
    }

    @Override
    protected OptionalInt loseDevice(DeviceBackend backend) {
        first.failing("*", NvmlAbi.NVML_ERROR_GPU_IS_LOST());
        return backend.devices().stream().map(Device::uuid).anyMatch(first.uuid::equals)
                ? OptionalInt.empty()
                : OptionalInt.of(0);
    }

    @Override
    protected Optional<DeviceBackend> unavailableBackend() {
        return Optional.of(new NvmlBackend(new SharedSessions(LibraryLoader::load), () -> "libno-such-library.so.1"));
    }

    @AfterEach
    void verifyUse() {
        nvml.verify();
        assertThat(nvml.inits.get()).isLessThanOrEqualTo(2);
    }
}
