// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

/** The 32-bit hash by which environments are found in a record. Part of the format. */
public final class EidHash {
    private EidHash() {}

    public static int of(String eid) {
        int h = eid.hashCode();
        h ^= h >>> 16;
        h *= 0x85eb_ca6b;
        h ^= h >>> 13;
        h *= 0xc2b2_ae35;
        return h ^ h >>> 16;
    }
}
