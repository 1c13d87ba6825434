// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Where the provider of the tests gets its hosts. Public, since that provider is defined by another class loader than
 * the tests.
 */
public final class TestHosts {
    static final AtomicInteger OPENED = new AtomicInteger();
    static final AtomicReference<StubHost> LAST = new AtomicReference<>(new StubHost());

    private TestHosts() {}

    /**
     * Opens a stub.
     *
     * @param options not looked at
     * @return the stub
     */
    public static GenvHost open(GenvOptions options) {
        OPENED.incrementAndGet();
        StubHost host = new StubHost();
        LAST.set(host);
        return host;
    }
}
