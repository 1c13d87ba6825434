// SPDX-License-Identifier: Apache-2.0
package genv.api.spi;

import genv.api.MemorySize;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What does not change about a device while the process runs. What is not known is absent.
 *
 * <p>Instances are immutable, may be shared between threads, and are equal where all parts are.
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class Device {
    private final int index;
    private final String uuid;
    private final Optional<String> name;
    private final Optional<MemorySize> totalMemory;
    private final Optional<String> pciBusId;
    private final OptionalInt minorNumber;
    private final Optional<String> computeCapability;
    private final OptionalInt numaNode;
    private final Optional<Boolean> migEnabled;
    private final Optional<String> parentUuid;
    private final Optional<String> visibleName;

    private Device(Builder b) {
        this.index = b.index;
        this.uuid = b.uuid;
        this.name = b.name;
        this.totalMemory = b.totalMemory;
        this.pciBusId = b.pciBusId;
        this.minorNumber = b.minorNumber;
        this.computeCapability = b.computeCapability;
        this.numaNode = b.numaNode;
        this.migEnabled = b.migEnabled;
        this.parentUuid = b.parentUuid;
        this.visibleName = b.visibleName;
    }

    /**
     * Returns a new builder.
     *
     * @param index the index of the device on the host, from 0 in PCI order
     * @param uuid the identifier that its maker gave it, the same after a reboot and different for every device
     * @return the builder
     * @throws IllegalArgumentException if the index is negative or the identifier blank
     */
    public static Builder builder(int index, String uuid) {
        return new Builder(index, uuid);
    }

    /** {@return the index of the device on the host, from 0 in PCI order} */
    public int index() {
        return index;
    }

    /** {@return the identifier that its maker gave it} */
    public String uuid() {
        return uuid;
    }

    /** {@return the name of its model} */
    public Optional<String> name() {
        return name;
    }

    /** {@return its whole memory; absent also where a part has none of its own} */
    public Optional<MemorySize> totalMemory() {
        return totalMemory;
    }

    /** {@return its PCI bus identifier, such as {@code 00000000:3B:00.0}} */
    public Optional<String> pciBusId() {
        return pciBusId;
    }

    /** {@return the minor number of its device file} */
    public OptionalInt minorNumber() {
        return minorNumber;
    }

    /** {@return the version of its instruction set, such as {@code 9.0}} */
    public Optional<String> computeCapability() {
        return computeCapability;
    }

    /** {@return the NUMA node that it is connected to} */
    public OptionalInt numaNode() {
        return numaNode;
    }

    /** {@return whether the part is divided into instances, where it can be} */
    public Optional<Boolean> migEnabled() {
        return migEnabled;
    }

    /** {@return the identifier of the part that this device is an instance of; absent for a whole part} */
    public Optional<String> parentUuid() {
        return parentUuid;
    }

    /**
     * Returns what the {@linkplain DeviceBackend#visibilityVariable visibility variable} calls it.
     *
     * @return the name; absent where it is the index
     */
    public Optional<String> visibleName() {
        return visibleName;
    }

    /**
     * Tells whether the other object describes the same device in the same way.
     *
     * @param other the other object
     * @return whether it does
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Device device
                && index == device.index
                && uuid.equals(device.uuid)
                && name.equals(device.name)
                && totalMemory.equals(device.totalMemory)
                && pciBusId.equals(device.pciBusId)
                && minorNumber.equals(device.minorNumber)
                && computeCapability.equals(device.computeCapability)
                && numaNode.equals(device.numaNode)
                && migEnabled.equals(device.migEnabled)
                && parentUuid.equals(device.parentUuid)
                && visibleName.equals(device.visibleName);
    }

    /** {@return a hash code of the index and the identifier} */
    @Override
    public int hashCode() {
        return Objects.hash(index, uuid);
    }

    /** {@return the parts that people tell devices by, for logs; the form may change} */
    @Override
    public String toString() {
        return "Device[index=" + index + ", uuid=" + uuid
                + name.map(value -> ", name=" + value).orElse("")
                + totalMemory.map(value -> ", totalMemory=" + value).orElse("")
                + pciBusId.map(value -> ", pciBusId=" + value).orElse("") + "]";
    }

    /** Collects what is known about a device. For use by one thread at a time. */
    public static final class Builder {
        private final int index;
        private final String uuid;
        private Optional<String> name = Optional.empty();
        private Optional<MemorySize> totalMemory = Optional.empty();
        private Optional<String> pciBusId = Optional.empty();
        private OptionalInt minorNumber = OptionalInt.empty();
        private Optional<String> computeCapability = Optional.empty();
        private OptionalInt numaNode = OptionalInt.empty();
        private Optional<Boolean> migEnabled = Optional.empty();
        private Optional<String> parentUuid = Optional.empty();
        private Optional<String> visibleName = Optional.empty();

        private Builder(int index, String uuid) {
            this.index = (int) Checks.notNegative("index", index);
            this.uuid = Checks.notBlank("uuid", uuid);
        }

        /**
         * Sets the name of the model.
         *
         * @param name the name of the model
         * @return this builder
         * @throws IllegalArgumentException if the text is blank
         */
        public Builder name(String name) {
            this.name = Optional.of(Checks.notBlank("name", name));
            return this;
        }

        /**
         * Sets the whole memory.
         *
         * @param totalMemory the whole memory
         * @return this builder
         */
        public Builder totalMemory(MemorySize totalMemory) {
            this.totalMemory = Optional.of(totalMemory);
            return this;
        }

        /**
         * Sets the PCI bus identifier.
         *
         * @param pciBusId the PCI bus identifier, such as {@code 00000000:3B:00.0}
         * @return this builder
         * @throws IllegalArgumentException if the text is blank
         */
        public Builder pciBusId(String pciBusId) {
            this.pciBusId = Optional.of(Checks.notBlank("pciBusId", pciBusId));
            return this;
        }

        /**
         * Sets the minor number of the device file.
         *
         * @param minorNumber the minor number of the device file
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder minorNumber(int minorNumber) {
            this.minorNumber = OptionalInt.of((int) Checks.notNegative("minorNumber", minorNumber));
            return this;
        }

        /**
         * Sets the version of the instruction set.
         *
         * @param computeCapability the version of the instruction set, such as {@code 9.0}
         * @return this builder
         * @throws IllegalArgumentException if the text is blank
         */
        public Builder computeCapability(String computeCapability) {
            this.computeCapability = Optional.of(Checks.notBlank("computeCapability", computeCapability));
            return this;
        }

        /**
         * Sets the NUMA node that the device is connected to.
         *
         * @param numaNode the NUMA node that the device is connected to
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder numaNode(int numaNode) {
            this.numaNode = OptionalInt.of((int) Checks.notNegative("numaNode", numaNode));
            return this;
        }

        /**
         * Sets whether the part is divided into instances.
         *
         * @param migEnabled whether the part is divided into instances
         * @return this builder
         */
        public Builder migEnabled(boolean migEnabled) {
            this.migEnabled = Optional.of(migEnabled);
            return this;
        }

        /**
         * Sets the identifier of the part that this device is an instance of.
         *
         * @param parentUuid the identifier of the part that this device is an instance of
         * @return this builder
         * @throws IllegalArgumentException if the text is blank
         */
        public Builder parentUuid(String parentUuid) {
            this.parentUuid = Optional.of(Checks.notBlank("parentUuid", parentUuid));
            return this;
        }

        /**
         * Sets what the {@linkplain DeviceBackend#visibilityVariable visibility variable} calls the device.
         *
         * @param visibleName what the {@linkplain DeviceBackend#visibilityVariable visibility variable} calls the
         *     device
         * @return this builder
         * @throws IllegalArgumentException if the text is blank, or has a comma or a NUL and so is no entry of a list
         */
        public Builder visibleName(String visibleName) {
            this.visibleName = Optional.of(Checks.listEntry("visibleName", visibleName));
            return this;
        }

        /** {@return a device with what was given so far} */
        public Device build() {
            return new Device(this);
        }
    }
}
