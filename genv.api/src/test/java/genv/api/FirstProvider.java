// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.GenvProvider;

/** Opens stubs. */
public final class FirstProvider implements GenvProvider {
    /** Does nothing yet. */
    public FirstProvider() {}

    @Override
    public GenvHost open(GenvOptions options) {
        return TestHosts.open(options);
    }
}
