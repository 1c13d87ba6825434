// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.GenvOptions;
import genv.api.spi.Device;
import genv.core.variables.MemoryVariables;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** The devices of a host whose clock a test sets. */
public final class RecentDevices {
    private final AtomicLong now = new AtomicLong();
    private final List<Device> listed = new ArrayList<>();
    private final HostDevices host;

    public RecentDevices(int count) {
        for (int i = 0; i < count; i++) {
            listed.add(Device.builder(i, "GPU-" + i).build());
        }
        FakeBackend backend = FakeBackend.usable("fake");
        backend.devices = () -> List.copyOf(listed);
        host = new HostDevices(
                BackendSelector.of(GenvOptions.builder().backend(backend).build(), new MemoryVariables()),
                128,
                now::get);
    }

    public HostDevices host() {
        return host;
    }

    /** The backend lists it no more. */
    public void lose(int index) {
        listed.removeIf(device -> device.index() == index);
    }

    /** What was read is not recent any more. */
    public void age() {
        now.addAndGet(HostDevices.RECENT.toNanos());
    }
}
