// SPDX-License-Identifier: Apache-2.0
package genv.testkit.tck;

import genv.api.spi.Closeness;
import genv.api.spi.DeviceBackend;
import genv.testkit.SimulatedBackend;
import java.util.Optional;
import java.util.OptionalInt;

class SimulatedBackendTckTest extends DeviceBackendTck {
    @Override
    protected DeviceBackend backend() {
        return SimulatedBackend.builder()
                .count(4)
                .slices(1, 2)
                .closenessByDefault(Closeness.SYSTEM)
                .closeness(0, 1, Closeness.NVLINK)
                .build();
    }

    @Override
    protected boolean mustBeAvailable() {
        return true;
    }

    @Override
    protected OptionalInt loseDevice(DeviceBackend backend) {
        ((SimulatedBackend) backend).lose(2, "lost: reason=test");
        return OptionalInt.of(2);
    }

    @Override
    protected Optional<DeviceBackend> unavailableBackend() {
        SimulatedBackend backend = SimulatedBackend.of(1);
        backend.setUnavailable("no devices: reason=test");
        return Optional.of(backend);
    }
}
