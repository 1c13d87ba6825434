// SPDX-License-Identifier: Apache-2.0
package genv.nvml.report;

import genv.api.BackendException;
import genv.api.spi.Availability;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import java.util.List;
import java.util.ServiceLoader;

/**
 * Prints what the NVML backend finds on this machine; run in JVMs of its own by the tests, and by hand
 * on machines with GPUs as {@code docs/hardware.md} says.
 *
 * <p>It knows the backend by its interface alone and has a package of its own, so that it runs outside the module.
 */
public final class ListDevices {
    private ListDevices() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        List<ServiceLoader.Provider<DeviceBackend>> providers =
                ServiceLoader.load(DeviceBackend.class).stream().toList();
        for (ServiceLoader.Provider<DeviceBackend> provider : providers) {
            Module module = provider.type().getModule();
            try (DeviceBackend backend = provider.get()) {
                if (backend.id().equals("nvml")) {
                    System.out.println("module: " + module);
                    print(backend);
                }
            }
        }
    }

    private static void print(DeviceBackend backend) {
        try {
            Availability availability = backend.availability();
            System.out.println("availability: " + availability);
            if (availability instanceof Availability.Available) {
                List<Device> devices = backend.devices();
                devices.forEach(device -> print(backend, device));
                for (Device first : devices) {
                    for (Device second : devices) {
                        if (first.index() < second.index()) {
                            System.out.println("closeness: " + first.index() + " " + second.index() + " "
                                    + backend.closeness(first.index(), second.index())
                                            .map(Enum::name)
                                            .orElse("unknown"));
                        }
                    }
                }
                backend.faults().forEach(fault -> System.out.println("fault: " + fault));
            }
        } catch (BackendException e) {
            System.out.println("failure: " + e.getMessage());
        }
    }

    private static void print(DeviceBackend backend, Device device) {
        System.out.println("device: index=" + device.index() + " uuid=" + device.uuid() + " name=" + device.name()
                + " memory=" + device.totalMemory() + " pci=" + device.pciBusId() + " minor=" + device.minorNumber()
                + " capability=" + device.computeCapability() + " numa=" + device.numaNode() + " mig="
                + device.migEnabled() + " parent=" + device.parentUuid() + " visible=" + device.visibleName());
        try {
            System.out.println("sample: index=" + device.index() + " " + backend.sample(device.index()));
        } catch (BackendException e) {
            System.out.println("sample failed: " + e.getMessage());
        }
    }
}
