// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.GenvProvider;

/** Cannot be created. */
public final class FailingProvider implements GenvProvider {
    /** Fails. */
    public FailingProvider() {
        throw new IllegalStateException("not today");
    }

    @Override
    public GenvHost open(GenvOptions options) {
        throw new AssertionError("opened");
    }
}
