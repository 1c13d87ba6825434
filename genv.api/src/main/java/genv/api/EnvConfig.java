// SPDX-License-Identifier: Apache-2.0
package genv.api;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What an environment asks for: a name, a number of GPUs, a share of the memory of each. Every part may be absent.
 *
 * <p>Instances are immutable, may be shared between threads, and are equal where all parts are. All values are checked
 * when they are given to the {@linkplain Builder builder}, so a configuration that exists is well-formed; whether the
 * host can serve it shows when it is used.
 *
 * {@snippet lang = java :
 * EnvConfig config = EnvConfig.builder().name("training").gpus(2).gpuMemory("4g").build();
 * }
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class EnvConfig {
    private static final EnvConfig EMPTY = new EnvConfig(Optional.empty(), OptionalInt.empty(), Optional.empty());

    private final Optional<String> name;
    private final OptionalInt gpus;
    private final Optional<MemorySize> gpuMemory;

    private EnvConfig(Optional<String> name, OptionalInt gpus, Optional<MemorySize> gpuMemory) {
        this.name = name;
        this.gpus = gpus;
        this.gpuMemory = gpuMemory;
    }

    /** {@return the configuration without any part} */
    public static EnvConfig empty() {
        return EMPTY;
    }

    /** {@return a new builder without any part} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the name, for people and logs; absent where the environment has none} */
    public Optional<String> name() {
        return name;
    }

    /** {@return the number of GPUs, 0 to 1024; where it is absent no device is attached by itself} */
    public OptionalInt gpus() {
        return gpus;
    }

    /** {@return the share of the memory of each attached device, never zero; absent means whole devices} */
    public Optional<MemorySize> gpuMemory() {
        return gpuMemory;
    }

    /** {@return whether every part is absent} */
    public boolean isEmpty() {
        return name.isEmpty() && gpus.isEmpty() && gpuMemory.isEmpty();
    }

    /** {@return a new builder that has the parts of this configuration} */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.name = name;
        builder.gpus = gpus;
        builder.gpuMemory = gpuMemory;
        return builder;
    }

    /**
     * Tells whether the other object is a configuration with the same parts.
     *
     * @param other the other object
     * @return whether it is
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EnvConfig config
                && name.equals(config.name)
                && gpus.equals(config.gpus)
                && gpuMemory.equals(config.gpuMemory);
    }

    /** {@return a hash code of all parts} */
    @Override
    public int hashCode() {
        return Objects.hash(name, gpus, gpuMemory);
    }

    /** {@return the parts that are present, for logs; the form may change} */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(", ", "EnvConfig[", "]");
        name.ifPresent(value -> text.add("name=" + value));
        gpus.ifPresent(value -> text.add("gpus=" + value));
        gpuMemory.ifPresent(value -> text.add("gpuMemory=" + value));
        return text.toString();
    }

    /**
     * Collects the parts of a configuration. A part that is not given stays absent; one that is given again replaces
     * what was there. A refused value leaves the builder as it was. For use by one thread at a time.
     */
    public static final class Builder {
        private Optional<String> name = Optional.empty();
        private OptionalInt gpus = OptionalInt.empty();
        private Optional<MemorySize> gpuMemory = Optional.empty();

        private Builder() {}

        /**
         * Sets the name. It need not be unique.
         *
         * @param name 1 to 128 characters, without control characters and unpaired surrogates
         * @return this builder
         * @throws IllegalArgumentException if the name is not such a text
         */
        public Builder name(String name) {
            this.name = Optional.of(EnvNames.check(name));
            return this;
        }

        /**
         * Sets the number of GPUs.
         *
         * @param gpus 0 to 1024
         * @return this builder
         * @throws IllegalArgumentException if the number is out of this range; that the host has fewer is told when the
         *     configuration is used
         */
        public Builder gpus(int gpus) {
            this.gpus = OptionalInt.of(Quantities.checkGpus(gpus));
            return this;
        }

        /**
         * Sets the share of memory that the environment takes of each device.
         *
         * @param size a positive size
         * @return this builder
         * @throws IllegalArgumentException if the size is zero
         */
        public Builder gpuMemory(MemorySize size) {
            this.gpuMemory = Optional.of(Quantities.checkShare(size));
            return this;
        }

        /**
         * Sets the share of memory that the environment takes of each device, from its text form.
         *
         * @param size a positive size as {@link MemorySize#parse} reads it, such as {@code 4g}
         * @return this builder
         * @throws IllegalArgumentException if the text is not a size, or the size is zero
         */
        public Builder gpuMemory(String size) {
            return gpuMemory(MemorySize.parse(size));
        }

        /** {@return a configuration with the parts given so far} */
        public EnvConfig build() {
            EnvConfig config = new EnvConfig(name, gpus, gpuMemory);
            return config.isEmpty() ? EMPTY : config;
        }
    }
}
