// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tells the operator what is wrong with the devices of a host, and what has changed since they were last listed. */
final class TableChanges {
    private TableChanges() {}

    /** {@code before}: the table until now, null at the first time. */
    static void tell(@Nullable DeviceTable before, DeviceTable now) {
        for (DeviceFault fault : now.faults()) {
            if (before == null || !before.faults().contains(fault)) {
                log("a device is left out, since it cannot be used: device=" + fault.device() + " reason="
                        + fault.reason() + " backend=" + now.backendId());
            }
        }
        if (before == null) {
            logger().log(Level.DEBUG, "the devices were listed: {0}", now);
        } else {
            tellDevices(before, now);
        }
    }

    private static void tellDevices(DeviceTable before, DeviceTable now) {
        Map<String, Device> byUuid = new HashMap<>();
        now.allDevices().forEach(device -> byUuid.put(device.uuid(), device));
        for (Device old : before.allDevices()) {
            Device same = byUuid.get(old.uuid());
            if (same == null) {
                log("a device was lost: index=" + old.index() + " uuid=" + old.uuid() + " backend=" + now.backendId()
                        + "; environments that have it cannot use it: end them");
            } else if (same.index() != old.index()) {
                log("a device has another index by now: uuid=" + old.uuid() + " index=" + same.index() + " before="
                        + old.index() + " backend=" + now.backendId()
                        + "; the host was renumbered: end the environments that have it");
            }
        }
    }

    private static void log(String message) {
        logger().log(Level.WARNING, message);
    }

    private static System.Logger logger() {
        return System.getLogger("genv.core.backend");
    }
}
