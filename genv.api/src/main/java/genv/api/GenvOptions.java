// SPDX-License-Identifier: Apache-2.0
package genv.api;

import genv.api.spi.DeviceBackend;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link GenvHost} is opened: state directory, backend, permissions, placement, and what of the process it may
 * touch.
 *
 * <p>Instances are immutable and may be shared between threads; they are equal where all parts are.
 *
 * {@snippet lang = java :
 * GenvOptions options = GenvOptions.builder()
 *         .stateDirectory(Path.of("/run/genv"))
 *         .sharing(GenvOptions.Sharing.GROUP)
 *         .build();
 * try (GenvHost host = GenvHost.open(options)) {
 *     System.out.println(host.snapshot());
 * }
 * }
 */
@SuppressWarnings("exports") // @Nullable: see module-info
public final class GenvOptions {
    /**
     * Who may take part in a state directory that this process creates. One that exists already keeps the permissions
     * that it has.
     */
    public enum Sharing {
        /** Every user of the host: directory mode 01777, files 0666. */
        EVERYONE,
        /** The group of the directory: directory mode 02770 with the sticky bit, files 0660. */
        GROUP
    }

    private static final Duration LEASE_NOTICE = Duration.ofMinutes(1);

    private static final GenvOptions DEFAULTS = new GenvOptions(new Builder());

    private final Optional<Path> stateDirectory;
    private final Optional<DeviceBackend> backend;
    private final Optional<String> backendId;
    private final Sharing sharing;
    private final boolean processEnvironment;
    private final Optional<Path> workingDirectory;
    private final PlacementPolicy placement;
    private final Duration leaseNotice;

    private GenvOptions(Builder builder) {
        this.stateDirectory = builder.stateDirectory;
        this.backend = builder.backend;
        this.backendId = builder.backendId;
        this.sharing = builder.sharing;
        this.processEnvironment = builder.processEnvironment;
        this.workingDirectory = builder.workingDirectory;
        this.placement = builder.placement;
        this.leaseNotice = builder.leaseNotice;
    }

    /** {@return the options of the default host, which {@link Genv} speaks of} */
    public static GenvOptions defaults() {
        return DEFAULTS;
    }

    /** {@return a new builder that has the {@linkplain #defaults() defaults}} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the directory through which the processes of the host coordinate. Only those that use the same one know
     * of each other.
     *
     * @return the directory; absent means what the variable {@code GENV_TMPDIR} names, or else {@code /var/tmp/genv}
     */
    public Optional<Path> stateDirectory() {
        return stateDirectory;
    }

    /**
     * {@return the backend to take the devices from; absent means one found through {@link java.util.ServiceLoader}}
     */
    public Optional<DeviceBackend> backend() {
        return backend;
    }

    /**
     * Returns the {@linkplain DeviceBackend#id() identifier} of the backend to use among those found.
     *
     * @return the identifier; absent means what the system property {@code genv.backend} names, or else the one backend
     *     that is usable on this machine
     */
    public Optional<String> backendId() {
        return backendId;
    }

    /** {@return who may take part in a state directory that this process creates} */
    public Sharing sharing() {
        return sharing;
    }

    /** {@return whether the host reads and writes the native environment variables of this process; true by default} */
    public boolean processEnvironment() {
        return processEnvironment;
    }

    /**
     * Returns where the search for a {@code .genv} directory begins.
     *
     * @return the directory; absent means the working directory of the process
     */
    public Optional<Path> workingDirectory() {
        return workingDirectory;
    }

    /** {@return the policy that chooses devices where a request names none; {@link PlacementPolicy#firstFit} by default} */
    public PlacementPolicy placement() {
        return placement;
    }

    /** {@return how long before its end a lease is announced; one minute by default} */
    public Duration leaseNotice() {
        return leaseNotice;
    }

    /**
     * Tells whether the other object has the same options.
     *
     * @param other the other object
     * @return whether it has; backends and policies are compared by their own {@code equals}
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof GenvOptions options
                && stateDirectory.equals(options.stateDirectory)
                && backend.equals(options.backend)
                && backendId.equals(options.backendId)
                && sharing == options.sharing
                && processEnvironment == options.processEnvironment
                && workingDirectory.equals(options.workingDirectory)
                && placement.equals(options.placement)
                && leaseNotice.equals(options.leaseNotice);
    }

    /** {@return a hash code of all options} */
    @Override
    public int hashCode() {
        return Objects.hash(
                stateDirectory,
                backend,
                backendId,
                sharing,
                processEnvironment,
                workingDirectory,
                placement,
                leaseNotice);
    }

    /** {@return the options, for logs; the form may change} */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(", ", "GenvOptions[", "]");
        stateDirectory.ifPresent(value -> text.add("stateDirectory=" + value));
        backend.ifPresent(value -> text.add("backend=" + value));
        backendId.ifPresent(value -> text.add("backendId=" + value));
        text.add("sharing=" + sharing);
        text.add("processEnvironment=" + processEnvironment);
        workingDirectory.ifPresent(value -> text.add("workingDirectory=" + value));
        if (!placement.equals(PlacementPolicy.firstFit())) {
            text.add("placement=" + placement);
        }
        if (!leaseNotice.equals(LEASE_NOTICE)) {
            text.add("leaseNotice=" + leaseNotice);
        }
        return text.toString();
    }

    /** Collects options. What is not given keeps its default. For use by one thread at a time. */
    public static final class Builder {
        private Optional<Path> stateDirectory = Optional.empty();
        private Optional<DeviceBackend> backend = Optional.empty();
        private Optional<String> backendId = Optional.empty();
        private Sharing sharing = Sharing.EVERYONE;
        private boolean processEnvironment = true;
        private Optional<Path> workingDirectory = Optional.empty();
        private PlacementPolicy placement = PlacementPolicy.firstFit();
        private Duration leaseNotice = LEASE_NOTICE;

        private Builder() {}

        /**
         * Sets the directory through which the processes of the host coordinate. It is created when it does not exist.
         *
         * @param directory the directory, on a local file system
         * @return this builder
         */
        public Builder stateDirectory(Path directory) {
            this.stateDirectory = Optional.of(directory);
            return this;
        }

        /**
         * Sets the backend to take the devices from; none is searched then, and {@link #backendId} is not looked at.
         *
         * @param backend the backend, which stays the caller's: the host does not close it
         * @return this builder
         */
        public Builder backend(DeviceBackend backend) {
            this.backend = Optional.of(backend);
            return this;
        }

        /**
         * Sets which backend to use among those found through {@link java.util.ServiceLoader}. That there is none of
         * the identifier is told when devices are first needed.
         *
         * @param id the identifier: lower-case ASCII letters, digits and {@code -}
         * @return this builder
         * @throws IllegalArgumentException if the identifier is not such a text
         */
        public Builder backendId(String id) {
            this.backendId = Optional.of(Identifiers.checkBackend(id));
            return this;
        }

        /**
         * Sets who may take part in a state directory that this process creates.
         *
         * @param sharing everyone (the default) or the group
         * @return this builder
         */
        public Builder sharing(Sharing sharing) {
            this.sharing = Objects.requireNonNull(sharing, "sharing");
            return this;
        }

        /**
         * Sets whether the host reads and writes the native environment variables of this process. Where it does not,
         * it sees no inherited environment and no scheduler's choice of devices, and an activation changes no variable;
         * several such hosts can live in one process.
         *
         * @param touch true (the default) to read and write them
         * @return this builder
         */
        public Builder processEnvironment(boolean touch) {
            this.processEnvironment = touch;
            return this;
        }

        /**
         * Sets where the search for a {@code .genv} directory begins.
         *
         * @param directory the directory to take for the working directory of the process
         * @return this builder
         */
        public Builder workingDirectory(Path directory) {
            this.workingDirectory = Optional.of(directory);
            return this;
        }

        /**
         * Sets the policy that chooses devices where a request names none. It holds for this host object alone: other
         * processes of the same state directory have their own.
         *
         * @param policy the policy
         * @return this builder
         */
        public Builder placement(PlacementPolicy policy) {
            this.placement = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /**
         * Sets how long before its end a lease is announced to its {@linkplain ActivationRequest#onLeaseEnd listener} and in
         * the log. One that has less than twice that left when it begins or is renewed is announced at half of what it has.
         *
         * @param notice how long before the end; one minute by default
         * @return this builder
         * @throws IllegalArgumentException if it is negative
         */
        public Builder leaseNotice(Duration notice) {
            if (notice.isNegative()) {
                throw new IllegalArgumentException(
                        "negative lease notice: notice=" + notice + "; give how long before the end to announce it");
            }
            this.leaseNotice = notice;
            return this;
        }

        /** {@return the options given so far} */
        public GenvOptions build() {
            return new GenvOptions(this);
        }
    }
}
