// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.BackendException;
import genv.api.GenvException;
import genv.api.MemorySize;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.core.variables.VisibleDevices;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * The devices that a backend listed at one moment, checked, and those of them that this process may use.
 *
 * <p>Indices are unique and the state's format has room for them, UUIDs are unique; a backend that breaks this is named
 * in a {@link BackendException}, since what it says cannot be trusted with anybody's devices. Immutable.
 */
public final class DeviceTable {
    private final String backendId;
    private final String visibilityVariable;
    private final List<DeviceFault> faults;
    private final List<Device> all;
    private final VisibleDevices visible;
    private final List<Device> devices;
    private final Map<Integer, Device> byIndex;

    private DeviceTable(
            String backendId,
            String visibilityVariable,
            List<DeviceFault> faults,
            List<Device> all,
            VisibleDevices visible) {
        this.backendId = backendId;
        this.visibilityVariable = visibilityVariable;
        this.faults = faults;
        this.all = all;
        this.visible = visible;
        this.devices =
                all.stream().filter(device -> visible.contains(device.index())).toList();
        this.byIndex = new HashMap<>();
        for (Device device : all) {
            byIndex.put(device.index(), device);
        }
    }

    /**
     * Asks a backend for its devices and checks the answer. Nothing is restricted.
     *
     * @param maxDevices the number of devices that the state's format has room for
     * @throws BackendException if the backend fails, or its answer breaks its contract
     */
    public static DeviceTable of(DeviceBackend backend, int maxDevices) {
        DeviceListCheck check = new DeviceListCheck(ask(backend, "id()", backend::id), maxDevices);
        List<Device> devices = new ArrayList<>(check.devices(ask(backend, "devices()", backend::devices)));
        devices.sort((one, other) -> Integer.compare(one.index(), other.index()));
        return new DeviceTable(
                check.backendId(),
                check.visibilityVariable(ask(backend, "visibilityVariable()", backend::visibilityVariable)),
                check.faults(ask(backend, "faults()", backend::faults)),
                List.copyOf(devices),
                VisibleDevices.all());
    }

    static <T> T ask(DeviceBackend backend, String method, Supplier<T> question) {
        T answer;
        try {
            answer = question.get();
        } catch (GenvException e) {
            throw e;
        } catch (RuntimeException | LinkageError e) {
            throw new BackendException(
                    "device backend failed: class=" + backend.getClass().getName() + ", method=" + method + ", reason="
                            + e,
                    e);
        }
        if (answer == null) {
            throw new BackendException("device backend returned null: class="
                    + backend.getClass().getName() + ", method=" + method + "; this is a fault of the backend");
        }
        return answer;
    }

    /** Returns this table with only some devices to be used; an earlier restriction is replaced. */
    public DeviceTable restrictedTo(VisibleDevices restriction) {
        return new DeviceTable(backendId, visibilityVariable, faults, all, restriction);
    }

    /** Returns the identifier of the backend. */
    public String backendId() {
        return backendId;
    }

    /** Returns the variable that shows devices to a process, as the backend names it. */
    public String visibilityVariable() {
        return visibilityVariable;
    }

    /** Returns the devices that exist but cannot be used, as the backend reported them. */
    public List<DeviceFault> faults() {
        return faults;
    }

    /** Returns what this process may use of the host's devices. */
    public VisibleDevices visible() {
        return visible;
    }

    /** Returns the devices that this process may use, in ascending order of index. */
    public List<Device> devices() {
        return devices;
    }

    /** Returns all devices of the host, in ascending order of index. */
    public List<Device> allDevices() {
        return all;
    }

    /** Returns the number of devices that this process may use. */
    public int count() {
        return devices.size();
    }

    /** Returns the device of this index, be it visible or not; empty where the host has none. */
    public Optional<Device> find(int index) {
        return Optional.ofNullable(byIndex.get(index));
    }

    /**
     * Returns the device of this index.
     *
     * @throws GenvException if the host has no such device or this process may not use it; it says which and why
     */
    public Device device(int index) {
        Device device = byIndex.get(index);
        if (device == null) {
            throw new GenvException(
                    "no device has this index: index=" + index + ", devices=" + indices(all) + ", backend=" + backendId
                            + (faults.isEmpty() ? "" : ", not usable=" + faults) + "; use one of the devices");
        }
        if (!visible.contains(index)) {
            throw new GenvException("device is not visible to this process: index=" + index + ", " + visible
                    + "; use a visible one, or start the process with another " + visibilityVariable);
        }
        return device;
    }

    /** Returns the devices of these indices in their order, as {@link #device} does. */
    public List<Device> devices(Collection<Integer> indices) {
        return indices.stream().map(this::device).toList();
    }

    /** Returns the memory of a device in bytes; empty where the backend does not say, or there is no such device. */
    public OptionalLong totalMemory(int index) {
        Optional<MemorySize> memory = find(index).flatMap(Device::totalMemory);
        return memory.isPresent() ? OptionalLong.of(memory.get().bytes()) : OptionalLong.empty();
    }

    private static List<Integer> indices(List<Device> devices) {
        return devices.stream().map(Device::index).toList();
    }

    @Override
    public String toString() {
        return "backend=" + backendId + ", devices=" + indices(all) + ", visible=" + indices(devices);
    }
}
