// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.BackendException;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import genv.nvml.Inventory.Entry;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The devices that a backend has found, and handles for them that are valid now.
 *
 * <p>An index means the same device as long as the backend is open. Its handle is looked up again when NVML was initialised
 * anew, or when the instance behind it was replaced. Thread-safe; called within {@link NvmlSession#ask}.
 */
final class KnownDevices {
    /** Used under the lock of this. */
    private final Numbering numbering = new Numbering();

    /** The devices as they were last looked for; null before. */
    private volatile @Nullable Inventory current;

    /** Devices that turned out to be lost since they were last looked for, by index. */
    private final Map<Integer, DeviceFault> lost = new ConcurrentHashMap<>();

    /** Looks for the devices. */
    List<Device> list(NvmlCalls nvml, int epoch) {
        return look(nvml, epoch).devices();
    }

    /** Returns what is wrong with devices as far as is known; looks for devices only if that was never done. */
    List<DeviceFault> faults(NvmlCalls nvml, int epoch) {
        Inventory known = current;
        Inventory found = known == null ? look(nvml, epoch) : known;
        List<DeviceFault> faults = new ArrayList<>(found.faults());
        faults.addAll(lost.values());
        return List.copyOf(faults);
    }

    private synchronized Inventory look(NvmlCalls nvml, int epoch) {
        Inventory found = InventoryReader.read(nvml, epoch, numbering);
        lost.clear();
        current = found;
        return found;
    }

    private synchronized Optional<String> uuidOf(int index) {
        return numbering.uuidOf(index);
    }

    /**
     * Returns the device that an index means, with a handle that is valid now.
     *
     * @throws BackendException if no device has the index, or the device is lost
     */
    Entry entry(NvmlCalls nvml, int epoch, int index) {
        Inventory known = current;
        Inventory found = known == null ? look(nvml, epoch) : known;
        Entry entry = found.entry(index);
        if (found.epoch() == epoch && entry != null && !isReplaced(nvml, entry)) {
            return entry;
        }
        Optional<String> uuid = uuidOf(index);
        if (uuid.isPresent()) {
            found = look(nvml, epoch);
            entry = found.entry(index);
            if (entry != null) {
                return entry;
            }
        }
        throw new BackendException(
                (uuid.isPresent() ? "the device is lost: " : "no usable device has this index: ") + "index=" + index
                        + uuid.map(lostUuid -> ", uuid=" + lostUuid).orElse("") + ", backend=" + NvmlBackend.ID
                        + ", devices=" + found.indices() + ", not usable=" + found.faults()
                        + "; use one of the devices");
    }

    /** The handle of an instance that was destroyed can come to mean one that was created later. */
    private static boolean isReplaced(NvmlCalls nvml, Entry entry) {
        if (!entry.instance()) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            Optional<String> uuid = new DeviceReader(nvml, arena).uuid(entry.handle());
            return !uuid.equals(Optional.of(entry.device().uuid()));
        } catch (DeviceLostException e) {
            return true;
        }
    }

    /** Tells whether another GPU than this device's answers, so that the session is not what is lost. */
    boolean anyOtherAnswers(NvmlCalls nvml, Entry device) {
        Inventory known = current;
        try (Arena arena = Arena.ofConfined()) {
            DeviceReader reader = new DeviceReader(nvml, arena);
            return known != null
                    && known.entries().values().stream()
                            .filter(other ->
                                    other.gpu().address() != device.gpu().address())
                            .anyMatch(other -> answers(reader, other));
        }
    }

    private static boolean answers(DeviceReader reader, Entry device) {
        try {
            return reader.uuid(device.gpu()).isPresent();
        } catch (DeviceLostException e) {
            return false;
        }
    }

    /** Remembers that a device is lost, until it answers again or the devices are looked for. */
    void markLost(Entry entry, String reason) {
        lost.put(entry.device().index(), new DeviceFault(entry.label(), reason));
    }

    void markFound(int index) {
        lost.remove(index);
    }

    boolean isLost(int index) {
        return lost.containsKey(index);
    }
}
