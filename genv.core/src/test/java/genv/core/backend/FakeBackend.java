// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** A backend whose every answer a test decides, and which counts the calls that matter. */
final class FakeBackend implements DeviceBackend {
    final AtomicInteger asked = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();

    Supplier<Availability> availability = Availability.Available::new;
    Supplier<List<Device>> devices = List::of;
    Supplier<List<DeviceFault>> faults = List::of;
    Supplier<String> visibilityVariable = () -> "CUDA_VISIBLE_DEVICES";
    boolean onRequestOnly;

    private final String id;

    FakeBackend(String id) {
        this.id = id;
    }

    static FakeBackend usable(String id) {
        return new FakeBackend(id);
    }

    static FakeBackend unusable(String id, String reason) {
        FakeBackend backend = new FakeBackend(id);
        backend.availability = () -> new Availability.Unavailable(reason);
        return backend;
    }

    static FakeBackend onRequest(String id) {
        FakeBackend backend = new FakeBackend(id);
        backend.onRequestOnly = true;
        return backend;
    }

    static FakeBackend listing(List<Device> devices) {
        FakeBackend backend = new FakeBackend("fake");
        backend.devices = () -> devices;
        return backend;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Availability availability() {
        asked.incrementAndGet();
        return availability.get();
    }

    @Override
    public List<Device> devices() {
        return devices.get();
    }

    @Override
    public DeviceSample sample(int index) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean onRequestOnly() {
        return onRequestOnly;
    }

    @Override
    public List<DeviceFault> faults() {
        return faults.get();
    }

    @Override
    public String visibilityVariable() {
        return visibilityVariable.get();
    }

    @Override
    public void close() {
        closed.incrementAndGet();
    }
}
