// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.GenvProvider;

/** Is never to be opened. */
public final class SecondProvider implements GenvProvider {
    /** Does nothing yet. */
    public SecondProvider() {}

    @Override
    public GenvHost open(GenvOptions options) {
        throw new AssertionError("opened");
    }
}
