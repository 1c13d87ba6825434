// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Devices that exist only in this process's memory, for tests and for trying genv out where there are none.
 *
 * <p>A host uses it only where it is asked for: handed over with {@code GenvOptions.Builder.backend}, or by its id
 * {@value #ID}. Asked for by its id, it is configured by environment variables, which are read once, when it is first
 * used:
 *
 * <table>
 * <caption>Environment variables</caption>
 * <tr><th>name</th><th>meaning</th><th>where it is absent</th></tr>
 * <tr><td>{@code GENV_MOCK_DEVICE_COUNT}</td><td>number of devices, 0 to 65536</td><td>1</td></tr>
 * <tr><td>{@code GENV_MOCK_DEVICE_TOTAL_MEMORY}</td><td>memory of each device, as {@link MemorySize} reads it</td>
 * <td>16g</td></tr>
 * </table>
 *
 * <p>With a bad value in one of them {@link #availability()} says so and everything else throws
 * {@link BackendException}. The devices of a given index are the same in every process, their UUIDs included.
 *
 * <p>Everything can be changed while it is used, from any thread; each change is atomic. Closing has no effect, since
 * there is nothing to release: tests open several hosts on one backend.
 */
public final class SimulatedBackend implements DeviceBackend {
    /** The id by which a host asks for simulated devices. */
    public static final String ID = "simulated";

    /** Null until it is first needed, where it comes from the environment variables. Written under {@code this}. */
    private volatile @Nullable SimulatedState state;

    private final Function<String, @Nullable String> variables;

    /** Devices as the environment variables describe them; this is what {@link java.util.ServiceLoader} calls. */
    public SimulatedBackend() {
        this(null, name -> System.getenv(name));
    }

    private SimulatedBackend(@Nullable SimulatedState state, Function<String, @Nullable String> variables) {
        this.variables = variables;
        this.state = state;
    }

    /** As the public constructor, with the given variables in place of this process's. */
    static SimulatedBackend ofVariables(Map<String, String> variables) {
        return new SimulatedBackend(null, variables::get);
    }

    /**
     * Devices of 16g each.
     *
     * @param count the number of devices
     * @return the backend
     * @throws IllegalArgumentException where the number is negative or above 65536
     */
    public static SimulatedBackend of(int count) {
        return builder().count(count).build();
    }

    /**
     * Devices with a given amount of memory each.
     *
     * @param count the number of devices
     * @param totalMemory the memory of each, as {@link MemorySize} reads it
     * @return the backend
     * @throws IllegalArgumentException where the number is negative or above 65536, or the size is not understood
     */
    public static SimulatedBackend of(int count, String totalMemory) {
        return builder().count(count).totalMemory(totalMemory).build();
    }

    /**
     * A builder that has one device of 16g.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A builder of what would be the simulated device of this index, to be changed and given to a backend.
     *
     * @param index the index of the device
     * @return the builder
     */
    public static Device.Builder device(int index) {
        return SimulatedDevices.device(index, SimulatedDevices.MEMORY, SimulatedDevices.NAME);
    }

    @Override
    public String id() {
        return ID;
    }

    /** {@return true: simulated devices are never chosen unless a host asks for them} */
    @Override
    public boolean onRequestOnly() {
        return true;
    }

    @Override
    public Availability availability() {
        try {
            Optional<String> reason = state().unavailable();
            return reason.isPresent() ? new Availability.Unavailable(reason.get()) : new Availability.Available();
        } catch (BackendException e) {
            return new Availability.Unavailable(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public List<Device> devices() {
        return working().present();
    }

    @Override
    public DeviceSample sample(int index) {
        return working().sample(index);
    }

    @Override
    public List<DeviceFault> faults() {
        return working().faults();
    }

    @Override
    public Optional<Closeness> closeness(int first, int second) {
        return working().closeness(first, second);
    }

    /**
     * Replaces all devices; loads, closeness and losses of those that remain are kept.
     *
     * @param devices all devices from now on
     * @throws IllegalArgumentException where the indices are not 0, 1, 2 … in this order, or a UUID is there twice
     */
    public void setDevices(List<Device> devices) {
        update(s -> s.withDevices(devices));
    }

    /**
     * Replaces the device of the same index, or adds the next one.
     *
     * @param device the device
     * @throws IllegalArgumentException where its index is above the next free one, or its UUID is there already
     */
    public void setDevice(Device device) {
        update(s -> s.withDevice(device));
    }

    /**
     * Sets what {@link #sample} gives from now on.
     *
     * @param index the index of the device
     * @param sample what is measured from now on
     * @throws IllegalArgumentException where there is no such device
     */
    public void setSample(int index, DeviceSample sample) {
        update(s -> s.withSample(index, sample));
    }

    /**
     * Changes part of what {@link #sample} gives; the builder begins with the present values.
     *
     * @param index the index of the device
     * @param edit may be called more than once where other threads change this backend at the same time
     * @throws IllegalArgumentException where there is no such device
     */
    public void editSample(int index, UnaryOperator<DeviceSample.Builder> edit) {
        update(s -> s.withEditedSample(index, edit));
    }

    /**
     * Sets the closeness of two devices, in both directions.
     *
     * @param first the index of a device
     * @param second the index of another device
     * @param closeness how close they are
     * @throws IllegalArgumentException where one of them is unknown or both are the same
     */
    public void setCloseness(int first, int second, Closeness closeness) {
        update(s -> s.withCloseness(first, second, closeness));
    }

    /**
     * Makes a device fail: it is no longer listed, leaving a gap, is reported as a fault, and cannot be sampled.
     *
     * @param index the index of the device
     * @param reason what its fault says
     * @throws IllegalArgumentException where there is no such device
     */
    public void lose(int index, String reason) {
        update(s -> s.withLost(index, reason));
    }

    /**
     * Brings a lost device back; no effect where it is not lost.
     *
     * @param index the index of the device
     * @throws IllegalArgumentException where there is no such device
     */
    public void restore(int index) {
        update(s -> s.withRestored(index));
    }

    /**
     * Makes the backend one that cannot be used here; listing and sampling throw {@link BackendException}.
     *
     * @param reason what {@link #availability} says
     */
    public void setUnavailable(String reason) {
        update(s -> s.withUnavailable(Optional.of(reason)));
    }

    /** Ends the effect of {@link #setUnavailable}. */
    public void setAvailable() {
        update(s -> s.withUnavailable(Optional.empty()));
    }

    /**
     * Makes listing and sampling throw {@link BackendException} while the backend still says that it is available.
     *
     * @param reason the message of the exception
     */
    public void setFailing(String reason) {
        update(s -> s.withFailing(Optional.of(reason)));
    }

    /** Ends the effect of {@link #setFailing}. */
    public void setWorking() {
        update(s -> s.withFailing(Optional.empty()));
    }

    private SimulatedState working() {
        SimulatedState s = state();
        s.requireWorking();
        return s;
    }

    private SimulatedState state() {
        SimulatedState s = state;
        return s != null ? s : firstState();
    }

    private synchronized SimulatedState firstState() {
        SimulatedState s = state;
        if (s == null) {
            s = MockVariables.read(variables);
            state = s;
        }
        return s;
    }

    private synchronized void update(UnaryOperator<SimulatedState> change) {
        state = change.apply(state());
    }

    /** Describes simulated devices. Not thread-safe. */
    public static final class Builder {
        private int count = 1;
        private MemorySize totalMemory = SimulatedDevices.MEMORY;
        private List<String> names = List.of(SimulatedDevices.NAME);
        private int numaNodes = 1;
        private final Map<Integer, Device> replaced = new HashMap<>();
        private final Map<Integer, Integer> slices = new HashMap<>();
        private final List<UnaryOperator<SimulatedState>> changes = new ArrayList<>();

        private Builder() {}

        /**
         * The number of devices.
         *
         * @param count the number
         * @return this builder
         * @throws IllegalArgumentException where it is negative or above 65536
         */
        public Builder count(int count) {
            SimulatedDevices.requireCount(count);
            this.count = count;
            return this;
        }

        /**
         * The memory of each device.
         *
         * @param totalMemory the memory
         * @return this builder
         */
        public Builder totalMemory(MemorySize totalMemory) {
            this.totalMemory = totalMemory;
            return this;
        }

        /**
         * The memory of each device.
         *
         * @param totalMemory the memory, as {@link MemorySize} reads it
         * @return this builder
         * @throws IllegalArgumentException where the size is not understood
         */
        public Builder totalMemory(String totalMemory) {
            return totalMemory(MemorySize.parse(totalMemory));
        }

        /**
         * The names of the devices: one for all, or one for each, which {@link #build} checks.
         *
         * @param names the names, in the order of the devices
         * @return this builder
         */
        public Builder names(String... names) {
            this.names = List.of(names);
            return this;
        }

        /**
         * Spreads the devices evenly over this number of NUMA nodes.
         *
         * @param nodes the number of NUMA nodes
         * @return this builder
         * @throws IllegalArgumentException where it is below one
         */
        public Builder numaNodes(int nodes) {
            if (nodes < 1) {
                throw new IllegalArgumentException("number of numa nodes below one: nodes=" + nodes);
            }
            this.numaNodes = nodes;
            return this;
        }

        /**
         * Describes one of the devices in full, in place of the one that would be made; see {@link #device(int)}.
         *
         * @param device the device, whose index is that of the one it replaces
         * @return this builder
         */
        public Builder device(Device device) {
            replaced.put(device.index(), device);
            return this;
        }

        /**
         * Cuts a device into equal slices, each of which is then a device of its own (as with NVIDIA's MIG): the
         * slices take the place of the whole one, share its memory and name it as their parent, and what follows is
         * numbered anew. The indices given to all other methods but {@link #device(Device)} are the new ones.
         *
         * @param index the index of the whole device, before anything is cut
         * @param number how many slices it is cut into
         * @return this builder
         * @throws IllegalArgumentException where the number of slices is below one
         */
        public Builder slices(int index, int number) {
            if (number < 1) {
                throw new IllegalArgumentException("number of slices below one: slices=" + number);
            }
            slices.put(index, number);
            return this;
        }

        /**
         * The closeness of two devices, in both directions.
         *
         * @param first the index of a device
         * @param second the index of another device
         * @param closeness how close they are
         * @return this builder
         */
        public Builder closeness(int first, int second, Closeness closeness) {
            changes.add(s -> s.withCloseness(first, second, closeness));
            return this;
        }

        /**
         * The closeness of each pair for which none is given; without it that is unknown.
         *
         * @param closeness how close they are
         * @return this builder
         */
        public Builder closenessByDefault(Closeness closeness) {
            changes.add(s -> s.withClosenessByDefault(closeness));
            return this;
        }

        /**
         * What a device's sample says at first; without it the device is idle.
         *
         * @param index the index of the device
         * @param sample what is measured
         * @return this builder
         */
        public Builder sample(int index, DeviceSample sample) {
            changes.add(s -> s.withSample(index, sample));
            return this;
        }

        /**
         * A device that is lost from the beginning; see {@link SimulatedBackend#lose}.
         *
         * @param index the index of the device
         * @param reason what its fault says
         * @return this builder
         */
        public Builder lost(int index, String reason) {
            changes.add(s -> s.withLost(index, reason));
            return this;
        }

        /**
         * Makes the backend.
         *
         * @return the backend
         * @throws IllegalArgumentException where names and devices do not fit the number of devices, or an index is
         *     unknown
         */
        public SimulatedBackend build() {
            List<Device> whole = SimulatedDevices.list(count, totalMemory, names, numaNodes, replaced);
            SimulatedState built = SimulatedState.of(SimulatedDevices.sliced(whole, slices));
            for (UnaryOperator<SimulatedState> change : changes) {
                built = change.apply(built);
            }
            return new SimulatedBackend(built, name -> null);
        }
    }
}
