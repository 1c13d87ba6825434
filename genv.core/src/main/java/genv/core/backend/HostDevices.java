// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The device table of a host: read when it is first needed, then kept until it is refreshed.
 *
 * <p>Thread-safe. Threads that need the table at the same time for the first time may each read it; all get the one
 * that was stored first. A failure is not kept.
 */
public final class HostDevices {
    private final BackendSelector selector;
    private final int maxDevices;
    private volatile @Nullable DeviceTable table;

    /**
     * Creates the holder; the backend is not touched.
     *
     * @param maxDevices the number of devices that the state's format has room for
     */
    public HostDevices(BackendSelector selector, int maxDevices) {
        this.selector = selector;
        this.maxDevices = maxDevices;
    }

    /**
     * Returns the devices as they were first read, or last refreshed.
     *
     * @throws genv.api.BackendException if there is no backend, or it does not deliver
     */
    public DeviceTable table() {
        DeviceTable known = table;
        return known != null ? known : store(DeviceTable.of(selector.backend(), maxDevices), false);
    }

    /** Reads the devices anew. If that fails, the table that is known stays. */
    public DeviceTable refresh() {
        return store(DeviceTable.of(selector.backend(), maxDevices), true);
    }

    /** Returns the devices if they have been read; never touches the backend. */
    public Optional<DeviceTable> known() {
        return Optional.ofNullable(table);
    }

    private synchronized DeviceTable store(DeviceTable read, boolean replace) {
        DeviceTable known = table;
        if (known != null && !replace) {
            return known;
        }
        table = read;
        return read;
    }
}
