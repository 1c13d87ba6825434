// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import genv.api.MemorySize;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The state of a device at one instant. What the device does not report is absent, never zero.
 *
 * <p>Instances are immutable, may be shared between threads, and are equal where all parts are.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class DeviceSample {
    private final Optional<MemorySize> memoryUsed;
    private final OptionalInt gpuUtilization;
    private final OptionalInt memoryUtilization;
    private final OptionalInt temperature;
    private final OptionalInt powerMilliwatts;
    private final List<DeviceProcess> processes;
    private final boolean processesKnown;

    private DeviceSample(Builder b) {
        this.memoryUsed = b.memoryUsed;
        this.gpuUtilization = b.gpuUtilization;
        this.memoryUtilization = b.memoryUtilization;
        this.temperature = b.temperature;
        this.powerMilliwatts = b.powerMilliwatts;
        this.processes = b.processes;
        this.processesKnown = b.processesKnown;
    }

    /** {@return a new builder, with nothing reported, so that the processes are not known either} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the memory in use, by processes and by the driver} */
    public Optional<MemorySize> memoryUsed() {
        return memoryUsed;
    }

    /** {@return how much of the last interval the device was computing, in percent} */
    public OptionalInt gpuUtilization() {
        return gpuUtilization;
    }

    /** {@return how much of the last interval the memory was read or written, in percent} */
    public OptionalInt memoryUtilization() {
        return memoryUtilization;
    }

    /** {@return the temperature, in degrees Celsius} */
    public OptionalInt temperature() {
        return temperature;
    }

    /** {@return the power drawn, in milliwatts} */
    public OptionalInt powerMilliwatts() {
        return powerMilliwatts;
    }

    /**
     * Returns the processes that use the device, as far as they are known.
     *
     * @return an unmodifiable list; an empty one means that there is none only where they are {@linkplain
     *     #processesKnown known}
     */
    public List<DeviceProcess> processes() {
        return processes;
    }

    /**
     * Tells whether {@link #processes} has every process that computes on the device. If not, the device does not say,
     * or not to this user, and there may be others or any.
     *
     * @return whether it has; false unless the backend said so
     */
    public boolean processesKnown() {
        return processesKnown;
    }

    /**
     * Tells whether the other object is a sample of the same values.
     *
     * @param other the other object
     * @return whether it is
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DeviceSample sample
                && memoryUsed.equals(sample.memoryUsed)
                && gpuUtilization.equals(sample.gpuUtilization)
                && memoryUtilization.equals(sample.memoryUtilization)
                && temperature.equals(sample.temperature)
                && powerMilliwatts.equals(sample.powerMilliwatts)
                && processes.equals(sample.processes)
                && processesKnown == sample.processesKnown;
    }

    /** {@return a hash code of all values} */
    @Override
    public int hashCode() {
        return Objects.hash(
                memoryUsed, gpuUtilization, memoryUtilization, temperature, powerMilliwatts, processes, processesKnown);
    }

    /** {@return the values that are present, for logs; the form may change} */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(", ", "DeviceSample[", "]");
        memoryUsed.ifPresent(value -> text.add("memoryUsed=" + value));
        gpuUtilization.ifPresent(value -> text.add("gpuUtilization=" + value));
        memoryUtilization.ifPresent(value -> text.add("memoryUtilization=" + value));
        temperature.ifPresent(value -> text.add("temperature=" + value));
        powerMilliwatts.ifPresent(value -> text.add("powerMilliwatts=" + value));
        if (processesKnown || !processes.isEmpty()) {
            text.add((processesKnown ? "processes=" : "someProcesses=") + processes);
        }
        return text.toString();
    }

    /** Collects what a device reports. For use by one thread at a time. */
    public static final class Builder {
        private Optional<MemorySize> memoryUsed = Optional.empty();
        private OptionalInt gpuUtilization = OptionalInt.empty();
        private OptionalInt memoryUtilization = OptionalInt.empty();
        private OptionalInt temperature = OptionalInt.empty();
        private OptionalInt powerMilliwatts = OptionalInt.empty();
        private List<DeviceProcess> processes = List.of();
        private boolean processesKnown;

        private Builder() {}

        /**
         * Sets the memory in use.
         *
         * @param memoryUsed the memory in use
         * @return this builder
         */
        public Builder memoryUsed(MemorySize memoryUsed) {
            this.memoryUsed = Optional.of(memoryUsed);
            return this;
        }

        /**
         * Sets how much of the last interval the device was computing.
         *
         * @param gpuUtilization how much of the last interval the device was computing, in percent
         * @return this builder
         * @throws IllegalArgumentException if the number is not from 0 to 100
         */
        public Builder gpuUtilization(int gpuUtilization) {
            this.gpuUtilization = OptionalInt.of(Checks.percent("gpuUtilization", gpuUtilization));
            return this;
        }

        /**
         * Sets how much of the last interval the memory was read or written.
         *
         * @param memoryUtilization how much of the last interval the memory was read or written, in percent
         * @return this builder
         * @throws IllegalArgumentException if the number is not from 0 to 100
         */
        public Builder memoryUtilization(int memoryUtilization) {
            this.memoryUtilization = OptionalInt.of(Checks.percent("memoryUtilization", memoryUtilization));
            return this;
        }

        /**
         * Sets the temperature.
         *
         * @param temperature the temperature, in degrees Celsius
         * @return this builder
         */
        public Builder temperature(int temperature) {
            this.temperature = OptionalInt.of(temperature);
            return this;
        }

        /**
         * Sets the power drawn.
         *
         * @param powerMilliwatts the power drawn, in milliwatts
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder powerMilliwatts(int powerMilliwatts) {
            this.powerMilliwatts = OptionalInt.of((int) Checks.notNegative("powerMilliwatts", powerMilliwatts));
            return this;
        }

        /**
         * Sets the processes that use the device: all that compute on it.
         *
         * @param processes the processes, none of them missing; the list is copied
         * @return this builder
         */
        public Builder processes(List<DeviceProcess> processes) {
            this.processes = List.copyOf(processes);
            this.processesKnown = true;
            return this;
        }

        /**
         * Sets processes that use the device where the driver does not name all, or may not.
         *
         * @param processes those that are known, perhaps none; the list is copied
         * @return this builder
         */
        public Builder someProcesses(List<DeviceProcess> processes) {
            this.processes = List.copyOf(processes);
            this.processesKnown = false;
            return this;
        }

        /** {@return a sample of what was given so far} */
        public DeviceSample build() {
            return new DeviceSample(this);
        }
    }
}
