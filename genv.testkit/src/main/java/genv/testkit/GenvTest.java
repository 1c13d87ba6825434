// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.StateFormat;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives every test a host of its own: simulated devices and an empty state directory.
 *
 * <p>Written on a test class, or beside {@code @Test} on a method (what is on the method counts where both are). A
 * test method, and the {@code @BeforeEach} and {@code @AfterEach} methods around it, can then have parameters of
 *
 * <ul>
 *   <li>{@link genv.api.GenvHost}: the host; it does not touch the native environment variables of the process;
 *   <li>{@link SimulatedBackend}: the devices, to change load, processes and losses while the test runs;
 *   <li>{@link GenvHosts}: opens further hosts on the same directory, and knows where it is.
 * </ul>
 *
 * <pre>{@code
 * @GenvTest(devices = 4, memory = "80g")
 * class TrainerTest {
 *     @Test
 *     void shouldTakeOneDevice(GenvHost host) {
 *         try (Activation env = host.activate(EnvConfig.builder().gpus(1).build())) {
 *             assertEquals(List.of(0), env.devices());
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>After the test the hosts are closed, which ends the environments that they still have, and the directory is
 * deleted. The test fails where an environment, an attachment, a lock or a waiter is left even so: somebody else, such
 * as a child process, is then still in it. Tests may run in parallel.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(GenvExtension.class)
public @interface GenvTest {
    /** {@return the number of devices} */
    int devices() default 2;

    /** {@return the memory of each device, as {@link genv.api.MemorySize} reads it} */
    String memory() default "16g";

    /** {@return the names of the devices: none, one for all, or one for each} */
    String[] names() default {};

    /**
     * Returns how the state is kept. {@link StateFormat#JSON} on the class holds for all of its tests, also for those with an
     * annotation of their own: so a class of tests can be run on the other store by a subclass.
     *
     * @return the format that the state directory has before the first host is opened
     */
    StateFormat format() default StateFormat.MAPPED;

    /** {@return whether the test fails where something is left after its hosts were closed} */
    boolean checkLeaks() default true;
}
