// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.EnvConfig;
import genv.api.MemorySize;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the variables of all environments of a host have in common: which there are, where the state is, and what the
 * devices are called.
 *
 * <p>The visibility variable holds the attached devices in the order given, by the names that {@link VisibleNames} gives
 * them, and {@value VariableNames#NO_DEVICES} where none is attached. {@value VariableNames#CUDA_DEVICE_ORDER} goes
 * with {@value VariableNames#CUDA_VISIBLE_DEVICES} only: without it CUDA would take the indices for positions in its
 * own order, fastest device first (CUDA Programming Guide, section "CUDA Environment Variables").
 *
 * <p>{@value VariableNames#GENV_ENVS} is not described in Genv's documentation. It gets the path of the state directory, as
 * {@value VariableNames#GENV_TMPDIR} does for processes that would look elsewhere.
 *
 * <p>Immutable.
 */
public final class HostVariables {
    private final String[] names;
    private final VisibleNames devices;
    private final String directory;
    private final boolean isCuda;
    private final boolean isDefaultDirectory;

    /** {@code isDefaultDirectory}: whether a child process finds the state directory by itself. */
    public HostVariables(VisibleNames devices, Path directory, boolean isDefaultDirectory) {
        this.devices = devices;
        this.directory = directory.toString();
        this.isDefaultDirectory = isDefaultDirectory;
        this.isCuda = devices.variable().equals(VariableNames.CUDA_VISIBLE_DEVICES);
        List<String> list = new ArrayList<>(List.of(
                VariableNames.GENV_ENVIRONMENT_ID,
                VariableNames.GENV_ENVIRONMENT_NAME,
                VariableNames.GENV_GPUS,
                VariableNames.GENV_GPU_MEMORY,
                VariableNames.GENV_ENVS,
                VariableNames.GENV_PYTHON));
        if (isCuda) {
            list.add(VariableNames.CUDA_DEVICE_ORDER);
        }
        list.add(devices.variable());
        if (!isDefaultDirectory) {
            list.add(VariableNames.GENV_TMPDIR);
        }
        this.names = list.toArray(String[]::new);
    }

    /**
     * Returns the variables for an environment.
     *
     * @param eid the identifier of the environment
     * @param config its configuration
     * @param attached indices of its devices, in the order in which the process is to see them
     * @throws IllegalArgumentException if a value cannot be held by a variable, because it has a NUL
     */
    public EnvironmentVariables of(String eid, EnvConfig config, List<Integer> attached) {
        @Nullable String[] values = new String[names.length]; // the names in their order
        int n = 0;
        values[n++] = eid;
        values[n++] = config.name().orElse(null);
        values[n++] = config.gpus().isPresent() ? Integer.toString(config.gpus().getAsInt()) : null;
        values[n++] = config.gpuMemory().map(MemorySize::toString).orElse(null);
        values[n++] = directory;
        values[n++] = "1";
        if (isCuda) {
            values[n++] = VariableNames.PCI_BUS_ID;
        }
        values[n++] = devices.of(attached);
        if (!isDefaultDirectory) {
            values[n] = directory;
        }
        return new EnvironmentVariables(names, values);
    }
}
