// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.model.DeviceSet;

/**
 * The devices that a request may be given, as its process sees them. The arrays are not copied.
 *
 * @param eligible the indices
 * @param totals by index: total memory in bytes, -1 unknown
 * @param uuidHashes by index: a hash of the UUID
 */
@SuppressWarnings("ArrayRecordComponent") // read only, inside the module
public record Candidates(DeviceSet eligible, long[] totals, int[] uuidHashes) {
    public static final Candidates NONE = new Candidates(DeviceSet.EMPTY, new long[0], new int[0]);

    long total(int index) {
        return index < totals.length ? totals[index] : -1;
    }

    int uuidHash(int index) {
        return index < uuidHashes.length ? uuidHashes[index] : 0;
    }
}
