// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which index each device has, for as long as the backend is open.
 *
 * <p>A device gets the index of its place when it is first found, or one above all others where another device has had
 * that index. What tells devices apart is their UUID. Not thread-safe.
 */
final class Numbering {
    /**
     * What a device is called.
     *
     * @param index its index
     * @param byUuid whether CUDA must be given its UUID, since its number there may be another
     */
    record Place(int index, boolean byUuid) {}

    private final Map<String, Place> places = new HashMap<>();
    private final Set<Integer> taken = new HashSet<>();

    /** Whether a device was named by UUID: then all later ones are, since CUDA's list must not mix the two forms. */
    private boolean anyByUuid;

    /** Returns what a device is called, which is settled by the first call. */
    Place place(String uuid, int wanted, boolean byUuid) {
        Place known = places.get(uuid);
        if (known != null) {
            return known;
        }
        boolean free = taken.add(wanted);
        int index =
                free ? wanted : taken.stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        taken.add(index);
        anyByUuid |= byUuid || !free;
        Place place = new Place(index, anyByUuid);
        places.put(uuid, place);
        return place;
    }

    /** Returns the device that has an index, be it there now or not. */
    Optional<String> uuidOf(int index) {
        return places.entrySet().stream()
                .filter(place -> place.getValue().index() == index)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Returns the devices that were found once and are not among these, by index. */
    Map<Integer, String> missing(Set<String> present) {
        return places.entrySet().stream()
                .filter(place -> !present.contains(place.getKey()))
                .collect(Collectors.toMap(place -> place.getValue().index(), Map.Entry::getKey));
    }
}
