// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.GenvException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The device table of a host: read when it is first needed, then kept until it is refreshed, or too old to give devices
 * out by.
 *
 * <p>Thread-safe. Threads that need the table at the same time for the first time may each read it; all get the one
 * that was stored first. A failure is not kept.
 */
public final class HostDevices {
    /**
     * How long a device that was lost may still be given out by this process. A backend that is asked answers in
     * milliseconds, an operation takes microseconds: at this age asking costs little however many operations there are.
     */
    static final Duration RECENT = Duration.ofSeconds(10);

    private final BackendSelector selector;
    private final int maxDevices;
    private final LongSupplier nanoTime;
    private final AtomicBoolean renewing = new AtomicBoolean();
    private volatile @Nullable DeviceTable table;

    /** When the table was last asked for. Written before the table, under the lock of this or by who renews it. */
    private volatile long readAt;

    /**
     * Creates the holder; the backend is not touched.
     *
     * @param maxDevices the number of devices that the state's format has room for
     */
    public HostDevices(BackendSelector selector, int maxDevices) {
        this(selector, maxDevices, System::nanoTime);
    }

    HostDevices(BackendSelector selector, int maxDevices, LongSupplier nanoTime) {
        this.selector = selector;
        this.maxDevices = maxDevices;
        this.nanoTime = nanoTime;
    }

    /**
     * Returns the devices as they were first read, or last refreshed.
     *
     * @throws genv.api.BackendException if there is no backend, or it does not deliver
     */
    public DeviceTable table() {
        DeviceTable known = table;
        return known != null ? known : store(DeviceTable.of(selector.backend(), maxDevices), false);
    }

    /**
     * Returns the devices as of not long ago, for who is about to give some out: one that was lost in the meantime must
     * not be among them. A table that is too old is read anew by one thread, and stays where the backend fails.
     *
     * @throws genv.api.BackendException if none was read yet, and there is no backend, or it does not deliver
     */
    public DeviceTable recent() {
        DeviceTable known = table();
        if (nanoTime.getAsLong() - readAt < RECENT.toNanos() || !renewing.compareAndSet(false, true)) {
            return known;
        }
        try {
            return refresh();
        } catch (GenvException failing) {
            readAt = nanoTime.getAsLong(); // so that not every operation waits for a driver that fails
            return known;
        } finally {
            renewing.set(false);
        }
    }

    /** Reads the devices anew. If that fails, the table that is known stays. */
    public DeviceTable refresh() {
        return store(DeviceTable.of(selector.backend(), maxDevices), true);
    }

    /** Returns the devices if they have been read; never touches the backend. */
    public Optional<DeviceTable> known() {
        return Optional.ofNullable(table);
    }

    private synchronized DeviceTable store(DeviceTable read, boolean replace) {
        DeviceTable known = table;
        if (known != null && !replace) {
            return known;
        }
        readAt = nanoTime.getAsLong();
        TableChanges.tell(known, read);
        table = read;
        return read;
    }
}
