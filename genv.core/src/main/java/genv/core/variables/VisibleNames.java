// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.spi.Device;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a visibility variable calls the devices of a host.
 *
 * <p>A device is named by its visible name, or else by its index. With {@value VariableNames#CUDA_VISIBLE_DEVICES} two
 * things can make an index mean another device, which may be somebody else's:
 *
 * <ul>
 *   <li><b>A device is lost.</b> It keeps its index here, but CUDA numbers what it can use, so that the devices behind it
 *       move up.
 *   <li><b>Indices beside UUIDs.</b> CUDA's documentation does not say that both may stand in one list, and PyTorch's own
 *       reading of the variable ({@code torch.cuda.device_count}) ends the list where the form changes.
 * </ul>
 *
 * So where a device below the highest attached one is missing, or one of the attached has a visible name of its own, all
 * are named by UUID, and one that is missing is left out: at an entry that names no device CUDA ends the list.
 *
 * <p>Immutable; the names are made once for all environments.
 */
public final class VisibleNames {
    private final String variable;

    /** By index, null where the device is missing; empty where no device is known. */
    private final @Nullable Name[] names;

    /** The lowest index from which on an index means another device to CUDA. */
    private final int firstMissing;

    /**
     * The names of a device.
     *
     * @param usual the visible name, or else the index
     * @param unambiguous what it is called where indices cannot be used
     */
    private record Name(String usual, String unambiguous, boolean hasVisibleName) {
        static Name of(Device device) {
            String usual = device.visibleName().orElseGet(() -> Integer.toString(device.index()));
            boolean hasVisibleName = device.visibleName().isPresent();
            return new Name(
                    usual, hasVisibleName || !isCudaUuid(device.uuid()) ? usual : device.uuid(), hasVisibleName);
        }
    }

    private VisibleNames(String variable, @Nullable Name[] names, int firstMissing) {
        this.variable = variable;
        this.names = names;
        this.firstMissing = firstMissing;
    }

    /** The names of the devices of a host; one that is lost or hidden from this process is missing. */
    public static VisibleNames of(String variable, List<Device> all) {
        int size = all.stream().mapToInt(Device::index).max().orElse(-1) + 1;
        @Nullable Name[] names = new Name[size];
        all.forEach(device -> names[device.index()] = Name.of(device));
        int present = 0;
        while (present < size && names[present] != null) {
            present++;
        }
        boolean isCuda = variable.equals(VariableNames.CUDA_VISIBLE_DEVICES);
        return new VisibleNames(variable, names, isCuda ? present : Integer.MAX_VALUE);
    }

    /** For devices of which only the indices are known: no backend is usable, or none is needed. */
    public static VisibleNames ofIndices(String variable) {
        return new VisibleNames(variable, new Name[0], Integer.MAX_VALUE);
    }

    String variable() {
        return variable;
    }

    /**
     * Returns the value of the variable.
     *
     * @param attached indices of the environment's devices, in the order in which the process is to see them
     */
    String of(List<Integer> attached) {
        boolean unambiguous = isIndexAmbiguous(attached);
        StringBuilder list = null;
        String only = null;
        for (int i = 0; i < attached.size(); i++) {
            String name = name(attached.get(i), unambiguous);
            if (name == null) {
                continue;
            }
            if (only == null) {
                only = name;
            } else {
                list = list != null ? list : new StringBuilder(only);
                list.append(',').append(name);
            }
        }
        return list != null ? list.toString() : only != null ? only : VariableNames.NO_DEVICES;
    }

    private boolean isIndexAmbiguous(List<Integer> attached) {
        if (firstMissing == Integer.MAX_VALUE) {
            return false; // not CUDA's variable, or it cannot be told
        }
        for (int i = 0; i < attached.size(); i++) {
            int index = attached.get(i);
            Name name = index < names.length ? names[index] : null;
            if (index >= firstMissing || (name != null && name.hasVisibleName())) {
                return true;
            }
        }
        return false;
    }

    /** Null for a device that is to be left out. */
    private @Nullable String name(int index, boolean unambiguous) {
        Name name = index < names.length ? names[index] : null;
        if (name == null) {
            return unambiguous ? null : Integer.toString(index);
        }
        return unambiguous ? name.unambiguous() : name.usual();
    }

    /** Backends of other makers that leave the variable at its default need not have UUIDs that CUDA understands. */
    private static boolean isCudaUuid(String uuid) {
        return uuid.startsWith("GPU-") || uuid.startsWith("MIG-");
    }
}
