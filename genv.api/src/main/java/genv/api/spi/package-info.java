// SPDX-License-Identifier: Apache-2.0

/**
 * What a device backend implements, and what another implementation of the host would.
 *
 * <h2>Writing a backend</h2>
 *
 * A backend is a public class with a public constructor without parameters that implements
 * {@link genv.api.spi.DeviceBackend}: an identifier and three methods. The rest are defaults.
 *
 * {@snippet lang = java :
 * public final class AcmeBackend implements DeviceBackend {
 *     @Override
 *     public String id() {
 *         return "acme";
 *     }
 *
 *     @Override
 *     public Availability availability() {
 *         return Files.exists(Path.of("/dev/acme0"))
 *                 ? new Availability.Available()
 *                 : new Availability.Unavailable("no acme driver: file=/dev/acme0; load the acme module");
 *     }
 *
 *     @Override
 *     public List<Device> devices() {
 *         return List.of(Device.builder(0, "ACME-0001")
 *                 .name("Acme 1")
 *                 .totalMemory(MemorySize.parse("16gi"))
 *                 .build());
 *     }
 *
 *     @Override
 *     public DeviceSample sample(int index) {
 *         if (index != 0) {
 *             throw new BackendException("unknown device: index=" + index + ", known=[0]; list the devices first");
 *         }
 *         return DeviceSample.builder().build(); // the driver reports nothing
 *     }
 * }
 * }
 *
 * <p>It is found through {@link java.util.ServiceLoader}. On the module path its module says
 *
 * {@snippet lang = java :
 * module com.acme.genv {
 *     requires genv.api;
 *
 *     provides genv.api.spi.DeviceBackend with com.acme.genv.AcmeBackend;
 * }
 * }
 *
 * and on the class path its jar has the file {@code META-INF/services/genv.api.spi.DeviceBackend} with the line {@code
 * com.acme.genv.AcmeBackend}. One jar can have both. Where several backends are usable on a machine the user names one
 * by its identifier, with the system property {@code genv.backend} or {@link genv.api.GenvOptions.Builder#backendId}.
 * An object of one's own is given with {@link genv.api.GenvOptions.Builder#backend} and needs no registration.
 *
 * <h2>What a backend can rely on</h2>
 *
 * <ul>
 *   <li>It is created and asked when devices are first needed, not before: a program whose environments have no devices
 *       never meets it. The constructor, {@code id}, {@code onRequestOnly} and {@code visibilityVariable} should do no
 *       work.
 *   <li>{@code availability} is called first. The other methods that concern devices are called only if it answered
 *       {@link genv.api.spi.Availability.Available}.
 *   <li>One that was created through {@code ServiceLoader} is closed when it is not chosen, or with the host; after
 *       that it is not called again. One that the application gave is never closed by the host.
 *   <li>An instance that was created through {@code ServiceLoader} serves one host. A process may have several hosts,
 *       and so several instances, which may be used at the same time. One that the application gave serves every host
 *       that it was given to.
 *   <li>Nothing of the host is locked while it is called, so a slow driver delays only those who need its answer.
 * </ul>
 *
 * <h2>What it must do</h2>
 *
 * <ul>
 *   <li>Answer from many threads at the same time, platform and virtual ones, and leave none of its own behind after
 *       {@code close}.
 *   <li>Give the devices the indices 0, 1, 2 and so on in the order of their PCI addresses, since all processes of the
 *       host must mean the same device by the same index, whatever the driver's order. Where a part is divided (as
 *       NVIDIA's MIG does), what can be attached are the instances: each is a device of its own, after its predecessors
 *       in the order of the parts, with its {@link genv.api.spi.Device#parentUuid}. A device that is lost while the
 *       process runs is missing from the list, the others keep their indices, and {@link
 *       genv.api.spi.DeviceBackend#faults} says why.
 *   <li>Leave out what a device does not report. Absent means not known or not supported; zero means zero. One value
 *       that is not supported never costs the others.
 *   <li>Report a failure as {@link genv.api.BackendException}: the fact in lower case, values as {@code name=value},
 *       what to do, and the driver's error as cause or code. "Not on this machine" is not a failure but {@link
 *       genv.api.spi.Availability.Unavailable}; a driver that is there and broken is one, and is not to be reported as
 *       a machine without devices.
 *   <li>Not call {@link genv.api.Genv} or the host.
 * </ul>
 *
 * <p>{@code genv.testkit} has a class that tests a backend against these rules.
 *
 * <h2>Providing a host</h2>
 *
 * {@link genv.api.spi.GenvProvider} is what {@code genv.core} provides; nobody else has to.
 */
@NullMarked
package genv.api.spi;

import org.jspecify.annotations.NullMarked;
