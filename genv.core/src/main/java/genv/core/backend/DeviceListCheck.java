// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.BackendException;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Holds what a backend answers against its contract, as far as {@link Device} itself does not. The types say that
 * nothing is null, but a backend may be compiled without such checks.
 *
 * @param backendId the backend to blame
 * @param maxDevices the number of devices that the state's format has room for
 */
record DeviceListCheck(String backendId, int maxDevices) {
    List<Device> devices(List<Device> devices) {
        if (devices.size() > maxDevices) {
            throw new BackendException("device backend lists too many devices: backend=" + backendId + ", devices="
                    + devices.size() + ", limit=" + maxDevices + "; hide some of them from it");
        }
        Map<Integer, Device> indices = new HashMap<>();
        Map<String, Device> uuids = new HashMap<>();
        for (Device device : devices) {
            if (Objects.isNull(device)) {
                throw broken("a null device", "devices=" + devices.size());
            }
            int index = device.index();
            if (index >= maxDevices) {
                throw broken("an index that the state has no room for", "index=" + index + ", limit=" + maxDevices);
            }
            if (indices.put(index, device) != null) {
                throw broken("an index twice", "index=" + index);
            }
            String uuid = device.uuid();
            Device same = uuids.put(uuid, device);
            if (same != null) {
                throw broken("a UUID twice", "uuid=" + uuid + ", indices=[" + same.index() + ", " + index + "]");
            }
        }
        return devices;
    }

    List<DeviceFault> faults(List<DeviceFault> faults) {
        if (faults.stream().anyMatch(Objects::isNull)) {
            throw broken("a null fault", "faults=" + faults.size());
        }
        return List.copyOf(faults);
    }

    String visibilityVariable(String name) {
        if (name.isBlank() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
            throw broken("a visibility variable that cannot exist", "name='" + name.replace('\0', '?') + "'");
        }
        return name;
    }

    private BackendException broken(String fact, String values) {
        return new BackendException("device backend delivered " + fact + ": backend=" + backendId + ", " + values
                + "; this is a fault of the backend");
    }
}
