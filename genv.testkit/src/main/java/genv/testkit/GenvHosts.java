// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.GenvHost;
import genv.api.GenvOptions;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * Opens hosts on the state directory of one test; a parameter of a {@link GenvTest} method.
 *
 * <p>A further host plays a second process within one JVM. It is not one in every respect: the default identifier of
 * an environment is the pid, so give environments identifiers of their own; and for what a death leaves behind use
 * {@link genv.testkit.process.ChildJvm}. Thread-safe.
 */
public interface GenvHosts {
    /** {@return the test's first host, which is also what a parameter of type {@link GenvHost} gets} */
    GenvHost host();

    /** {@return a further host on the same directory and devices, which is closed after the test} */
    default GenvHost open() {
        return open(builder -> builder);
    }

    /**
     * Opens a further host with changed options.
     *
     * @param options gets a builder in which directory, devices and working directory are those of the test
     * @return the host, which is closed after the test
     */
    GenvHost open(UnaryOperator<GenvOptions.Builder> options);

    /** {@return the devices of all these hosts} */
    SimulatedBackend backend();

    /** {@return the state directory, which the first host makes} */
    Path stateDirectory();

    /** {@return an empty directory, where the hosts begin to look for {@code .genv}} */
    Path workingDirectory();
}
