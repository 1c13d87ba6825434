// SPDX-License-Identifier: Apache-2.0

/**
 * What a test of a program that uses genv, or of a device backend, is written with.
 *
 * <p>{@link genv.testkit} has simulated devices and the JUnit Jupiter annotation {@link genv.testkit.GenvTest};
 * {@link genv.testkit.tck} the tests that every device backend must pass; {@link genv.testkit.process} a harness for
 * tests with several processes. JUnit Jupiter is the only library that comes with it. A JVM whose tests use
 * {@code @GenvTest} also needs {@code genv.core} and {@code --enable-native-access=genv.core}.
 *
 * @provides genv.api.spi.DeviceBackend the simulated devices, used only by a host that asks for them by their id
 */
module genv.testkit {
    requires transitive genv.api;
    requires transitive org.junit.jupiter.api;
    requires static org.jspecify;

    exports genv.testkit;
    exports genv.testkit.process;
    exports genv.testkit.tck;

    provides genv.api.spi.DeviceBackend with
            genv.testkit.SimulatedBackend;
}
