// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when devices that were asked for cannot be had: they are taken, a memory share does not fit, the time to wait
 * ran out, or the host has too few for ever.
 *
 * <p>Nothing was attached. {@link #devices()} tells who holds what and since when, as it was when the request was
 * refused. Ask for less, wait with {@code waitUpTo}, or allow over-subscription.
 */
public final class DevicesUnavailableException extends GenvException {
    private static final long serialVersionUID = 1L;

    /** The number of devices that were asked for. */
    private final int asked;

    /** The indices of the devices that were free. */
    private final int[] free;

    private final transient @Nullable List<DeviceInfo> devices;

    /**
     * Creates an exception.
     *
     * @param message the fact in lower case, its values as {@code name=value}, and what to do
     * @param asked the number of devices that were asked for
     * @param free the indices of those devices that were free, in ascending order
     * @param devices the devices that were considered, with who holds what
     */
    public DevicesUnavailableException(String message, int asked, List<Integer> free, List<DeviceInfo> devices) {
        super(message);
        this.asked = asked;
        this.free = free.stream().mapToInt(Integer::intValue).toArray();
        this.devices = List.copyOf(devices);
    }

    /** {@return the number of devices that were asked for} */
    public int asked() {
        return asked;
    }

    /** {@return the indices of the devices that were free, in ascending order; unmodifiable} */
    public List<Integer> free() {
        return IntStream.of(free).boxed().toList();
    }

    /**
     * Returns the devices that were considered, with who holds what.
     *
     * @return an unmodifiable list; empty in an exception that was deserialized, whose message says it still
     */
    public List<DeviceInfo> devices() {
        List<DeviceInfo> considered = devices;
        return considered == null ? List.of() : considered;
    }
}
