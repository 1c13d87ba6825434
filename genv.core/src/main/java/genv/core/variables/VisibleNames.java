// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.spi.Device;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a visibility variable calls the devices of an environment.
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
 */
final class VisibleNames {
    private VisibleNames() {}

    /**
     * Returns the entries of the variable.
     *
     * @param attached indices of the environment's devices, in the order in which the process is to see them
     * @param all the devices of the host; one that is lost or hidden from this process is missing
     */
    static List<String> of(String variable, List<Integer> attached, List<Device> all) {
        Map<Integer, Device> byIndex = new HashMap<>();
        all.forEach(device -> byIndex.put(device.index(), device));
        boolean byUuid = variable.equals(VariableNames.CUDA_VISIBLE_DEVICES) && isIndexAmbiguous(attached, byIndex);
        return attached.stream()
                .flatMap(index -> name(index, Optional.ofNullable(byIndex.get(index)), byUuid))
                .toList();
    }

    private static boolean isIndexAmbiguous(List<Integer> attached, Map<Integer, Device> byIndex) {
        int firstMissing = 0;
        while (byIndex.containsKey(firstMissing)) {
            firstMissing++;
        }
        for (int index : attached) {
            Device device = byIndex.get(index);
            if (index >= firstMissing || (device != null && device.visibleName().isPresent())) {
                return true;
            }
        }
        return false;
    }

    private static Stream<String> name(int index, Optional<Device> device, boolean byUuid) {
        if (byUuid && device.isEmpty()) {
            return Stream.empty();
        }
        return Stream.of(device.flatMap(Device::visibleName)
                .or(() -> device.map(Device::uuid).filter(uuid -> byUuid && isCudaUuid(uuid)))
                .orElseGet(() -> Integer.toString(index)));
    }

    /** Backends of other makers that leave the variable at its default need not have UUIDs that CUDA understands. */
    private static boolean isCudaUuid(String uuid) {
        return uuid.startsWith("GPU-") || uuid.startsWith("MIG-");
    }
}
