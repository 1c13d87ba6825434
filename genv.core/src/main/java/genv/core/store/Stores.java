// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvOptions;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.api.spi.Device;
import genv.core.events.FlightEvents;
import genv.core.events.OpeningSpan;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Opens the state of a directory: what is in the directory decides how it is kept. */
public final class Stores {
    private static final System.Logger LOG = System.getLogger("genv.core.store");

    /** The directories of Genv that were told of: one line for each in this process. */
    private static final Set<Path> JSON_TOLD = ConcurrentHashMap.newKeySet();

    private Stores() {}

    /**
     * What a store may have to know of the process and its host.
     *
     * @param hostDevices all devices of the host, none where no backend is usable
     * @param inheritedEid the environment that the process was started in
     * @param container in a container that was given devices by its host: what its variables say
     */
    public record Surroundings(
            Supplier<List<Device>> hostDevices, Optional<String> inheritedEid, Optional<ContainerEnv> container) {}

    /**
     * Opens the state of a directory, becoming known in it, and removes what dead processes left.
     *
     * @throws StateException if there are two states in it, or one that cannot be used
     */
    public static Store open(Path directory, GenvOptions.Sharing sharing, Surroundings surroundings) {
        try (OpeningSpan span = FlightEvents.stateOpen(directory.toString())) {
            Store store = choose(directory, sharing, surroundings);
            long token = store.caller().token();
            if (span != null) {
                span.opened(token);
            }
            // with another program's files the operator may want to know it, but not with every short-lived host
            boolean toBeTold = store.format() == StateFormat.JSON && JSON_TOLD.add(directory);
            Level level = toBeTold ? Level.INFO : Level.DEBUG;
            LOG.log(
                    level,
                    "the state is open: directory={0} format={1} token={2}",
                    directory,
                    store.format(),
                    Long.toString(token));
            if (toBeTold && surroundings.container().isEmpty()) {
                SharedPids.warnAbout(directory);
            }
            return store;
        } catch (StateException failure) {
            LOG.log(Level.ERROR, "the state cannot be used: directory=" + directory, failure);
            throw failure;
        }
    }

    private static Store choose(Path directory, GenvOptions.Sharing sharing, Surroundings surroundings) {
        StateFormat format = StateKinds.formatOf(directory);
        boolean isMapped = format == StateFormat.MAPPED && StateKinds.isThere(directory, StateFiles.STATE);
        if (surroundings.container().isPresent() && !isMapped) {
            // pids of the host cannot be judged in a container, so its files are not touched there; and none are made,
            // since a
            // state of the container alone would give out what the host has given to others
            return ContainerStore.open(directory, surroundings.container().get());
        }
        return switch (format) {
            case MAPPED -> MappedStore.open(directory, sharing, surroundings.inheritedEid());
            case JSON -> JsonStore.open(directory, surroundings.hostDevices(), surroundings.inheritedEid());
        };
    }
}
