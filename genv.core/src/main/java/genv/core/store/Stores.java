// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvOptions;
import java.nio.file.Path;

/** Opens the state of a directory. */
public final class Stores {
    private Stores() {}

    /** Opens the state of a directory, becoming known in it, and removes what dead processes left. */
    public static Store open(Path directory, GenvOptions.Sharing sharing) {
        return MappedStore.open(directory, sharing);
    }
}
