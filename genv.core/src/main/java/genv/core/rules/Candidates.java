// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.model.DeviceSet;
import org.jspecify.annotations.Nullable;

/**
 * The devices that a request may be given, as its process sees them. The arrays are not copied.
 *
 * @param eligible the indices
 * @param totals by index: total memory in bytes, -1 unknown
 * @param uuidHashes by index: a hash of the UUID
 * @param chooser asks the policy that chooses among them; null for the lowest indices
 */
@SuppressWarnings("ArrayRecordComponent") // read only, inside the module
public record Candidates(
        DeviceSet eligible,
        long[] totals,
        int[] uuidHashes,
        @Nullable Chooser chooser) {
    public static final Candidates NONE = new Candidates(DeviceSet.EMPTY, new long[0], new int[0]);

    /** Candidates of which the lowest indices are chosen. */
    public Candidates(DeviceSet eligible, long[] totals, int[] uuidHashes) {
        this(eligible, totals, uuidHashes, null);
    }

    /** The same candidates, chosen by a policy. */
    public Candidates chosenBy(Chooser policy) {
        return new Candidates(eligible, totals, uuidHashes, policy);
    }

    /** Asks the backend what the policy needs; to be called before every transition that may place devices. */
    public void prepare() {
        if (chooser != null) {
            chooser.prepare();
        }
    }

    long total(int index) {
        return index < totals.length ? totals[index] : -1;
    }

    int uuidHash(int index) {
        return index < uuidHashes.length ? uuidHashes[index] : 0;
    }
}
