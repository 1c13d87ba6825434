// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import java.util.List;
import java.util.Optional;

/**
 * A kind of devices that environments can be given, such as those of one vendor's driver.
 *
 * <p>The {@linkplain genv.api.spi package description} says how to write and register one, when it is called and what
 * it must do. In short: {@link #availability} comes first and nothing is initialised before it; every method may be
 * called from many threads at once; a value that is not known is absent; a failure is a {@link
 * genv.api.BackendException}.
 */
public interface DeviceBackend extends AutoCloseable {
    /**
     * Returns the identifier by which users choose this backend, such as {@code nvml}. Always the same, without any
     * work.
     *
     * @return lower-case ASCII letters, digits and {@code -}
     */
    String id();

    /**
     * Tells whether this backend can be used on this machine, cheaply: the driver is there and answers. May initialise
     * the driver. A backend may keep its answer; who wants to ask again creates a new one.
     *
     * @return that it is, or why it is not; a machine without such devices is not a failure
     * @throws genv.api.BackendException if the driver is there but broken; the user is shown its message as the reason
     *     why this backend is not used
     */
    Availability availability();

    /**
     * Lists the devices that can be attached. While the process runs a device keeps its index; one that is lost is
     * missing.
     *
     * @return the devices in ascending order of index; the indices are 0, 1, 2 and so on in PCI order, with gaps only
     *     for devices that are {@linkplain #faults lost}
     * @throws genv.api.BackendException if the driver fails as a whole; one device that fails is left out
     */
    List<Device> devices();

    /**
     * Measures a device now.
     *
     * @param index the index of the device
     * @return what it reports at this instant; what it does not report is absent, and {@link DeviceSample#processes}
     *     is empty for two reasons that {@link DeviceSample#processesKnown} tells apart
     * @throws genv.api.BackendException if there is no such device, it is lost, or the driver fails as a whole
     */
    DeviceSample sample(int index);

    /**
     * Tells whether this backend is used only where it is asked for by its identifier, as simulated devices are: they
     * must never be given out by accident. Always the same, without any work.
     *
     * @return whether it is; false by default
     */
    default boolean onRequestOnly() {
        return false;
    }

    /**
     * Lists the devices that exist but cannot be used, because they are lost or forbidden.
     *
     * @return a list of these devices with the reason for each; empty by default
     * @throws genv.api.BackendException if the driver fails as a whole
     */
    default List<DeviceFault> faults() {
        return List.of();
    }

    /**
     * Tells how close two devices are connected. The order of the two does not matter.
     *
     * @param first the index of a device
     * @param second the index of another device. A device and itself are {@link Closeness#SAME_BOARD} or absent; who
     *     compares devices has no reason to ask
     * @return how close they are; absent where it is not known, by default for all
     * @throws genv.api.BackendException if there is no such device, or the driver fails as a whole
     */
    default Optional<Closeness> closeness(int first, int second) {
        return Optional.empty();
    }

    /**
     * Returns the name of the variable that tells the vendor's runtime which devices a process may see. Always the
     * same, without any work.
     *
     * @return the name; {@code CUDA_VISIBLE_DEVICES} by default
     */
    default String visibilityVariable() {
        return "CUDA_VISIBLE_DEVICES";
    }

    /**
     * Gives back what this backend holds of the driver: as often shut down as initialised, no thread left. By default
     * there is nothing. Has an effect only the first time, and throws nothing.
     */
    @Override
    default void close() {}
}
