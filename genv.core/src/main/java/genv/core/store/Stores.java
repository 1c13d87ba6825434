// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.GenvOptions;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.api.spi.Device;
import genv.core.events.FlightEvents;
import genv.core.events.OpeningSpan;
import genv.core.json.DeviceFlocks;
import genv.core.json.JsonFiles;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Opens the state of a directory: what is in the directory decides how it is kept. */
public final class Stores {
    private static final System.Logger LOG = System.getLogger("genv.core.store");

    private Stores() {}

    /**
     * What a store may have to know of the process and its host.
     *
     * @param hostDevices all devices of the host, none where no backend is usable
     * @param container in a container that was given devices by its host: what its variables say
     */
    public record Surroundings(Supplier<List<Device>> hostDevices, Optional<ContainerEnv> container) {}

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
            // with another program's files the operator may want to know it
            Level level = store.format() == StateFormat.MAPPED ? Level.DEBUG : Level.INFO;
            LOG.log(
                    level,
                    "the state is open: directory={0} format={1} token={2}",
                    directory,
                    store.format(),
                    Long.toString(token));
            return store;
        } catch (StateException failure) {
            LOG.log(Level.ERROR, "the state cannot be used: directory=" + directory, failure);
            throw failure;
        }
    }

    private static Store choose(Path directory, GenvOptions.Sharing sharing, Surroundings surroundings) {
        StateFormat format = formatOf(directory);
        boolean locksOnly = isThere(directory, DeviceFlocks.FOLDER) && !isThere(directory, StateFiles.STATE);
        if (surroundings.container().isPresent() && (format == StateFormat.JSON || locksOnly)) {
            // pids of the host cannot be judged in a container, so its files are not touched there
            return ContainerStore.open(directory, surroundings.container().get());
        }
        return switch (format) {
            case MAPPED -> MappedStore.open(directory, sharing);
            case JSON -> JsonStore.open(directory, surroundings.hostDevices());
        };
    }

    /**
     * How the state of a directory is kept, or would be where there is none yet.
     *
     * @throws StateException if there are two
     */
    static StateFormat formatOf(Path directory) {
        List<String> json = List.of(JsonFiles.ENVS, JsonFiles.DEVICES).stream()
                .filter(name -> isThere(directory, name))
                .toList();
        if (json.isEmpty()) {
            return StateFormat.MAPPED;
        }
        if (isThere(directory, StateFiles.STATE)) {
            throw new StateException("there are two states in one directory, and each would give out the same devices:"
                    + " directory=" + directory + " of_genv_for_java=" + StateFiles.STATE + " of_python_genv=" + json
                    + "; end the programs that use it, then keep one: to share the host with Python Genv delete "
                    + StateFiles.STATE + " and " + StateFiles.LIVE + ", otherwise delete " + JsonFiles.ENVS + " and "
                    + JsonFiles.DEVICES + " and let Genv use another directory (GENV_TMPDIR)");
        }
        return StateFormat.JSON;
    }

    private static boolean isThere(Path directory, String name) {
        return Files.exists(directory.resolve(name), LinkOption.NOFOLLOW_LINKS);
    }
}
