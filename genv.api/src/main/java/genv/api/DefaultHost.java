// SPDX-License-Identifier: Apache-2.0
package genv.api;

import org.jspecify.annotations.Nullable;

/**
 * Opens the default host once, at the first use that succeeds. A failure is not kept: the next use tries again, so that
 * what was missing can be put right while the process runs.
 */
final class DefaultHost {
    private static volatile @Nullable GenvHost host;

    private DefaultHost() {}

    /** Small enough for every caller to inline: one load and one branch. */
    static GenvHost get() {
        GenvHost opened = host;
        return opened != null ? opened : open();
    }

    private static synchronized GenvHost open() {
        GenvHost opened = host;
        if (opened == null) {
            opened = Providers.only().openLazily(GenvOptions.defaults());
            host = opened;
        }
        return opened;
    }
}
