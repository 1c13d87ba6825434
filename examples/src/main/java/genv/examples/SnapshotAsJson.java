// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Genv;

/** The host as it is at one instant, for other programs. */
public final class SnapshotAsJson {
    private SnapshotAsJson() {}

    /** Prints it in one line. */
    public static void main(String[] args) {
        System.out.println(Genv.snapshotJson());
    }
}
