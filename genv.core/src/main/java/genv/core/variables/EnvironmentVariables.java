// SPDX-License-Identifier: Apache-2.0
package genv.core.variables;

import genv.api.EnvConfig;
import genv.api.spi.Device;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The variables of a process in an environment: those that it has, and those that it must not have.
 *
 * <p>A part of the configuration that is absent makes its variable absent too, even where the parent process has it:
 * it would speak of another environment. Such variables are in {@link #unset()}. Variables that are in neither set are
 * none of this library's business.
 *
 * <p>The visibility variable holds the attached devices in the order given, by the names that {@link VisibleNames} gives
 * them, and {@value VariableNames#NO_DEVICES} where none is attached. {@value VariableNames#CUDA_DEVICE_ORDER} goes
 * with {@value VariableNames#CUDA_VISIBLE_DEVICES} only: without it CUDA would take the indices for positions in its
 * own order, fastest device first (CUDA Programming Guide, section "CUDA Environment Variables").
 *
 * <p>{@value VariableNames#GENV_ENVS} is not described in Genv's documentation. It gets the path that the caller
 * gives, which is to be the state directory's.
 *
 * <p>Immutable. Iteration is in the order in which the variables are to be set.
 */
public final class EnvironmentVariables {
    private final Map<String, Optional<String>> entries;

    /** What {@link #set} gives, once it was asked for. Racy: whoever does not see it makes the same again. */
    private @Nullable Map<String, String> set;

    private EnvironmentVariables(Map<String, Optional<String>> entries) {
        this.entries = Collections.unmodifiableMap(entries);
    }

    /** Returns these variables and, for processes that would look elsewhere, where the state directory is. */
    public EnvironmentVariables withStateDirectory(Path directory) {
        Map<String, Optional<String>> more = new LinkedHashMap<>(entries);
        more.put(VariableNames.GENV_TMPDIR, Optional.of(directory.toString()));
        return new EnvironmentVariables(more);
    }

    /**
     * Returns the variables for an environment with these devices.
     *
     * @param eid the identifier of the environment
     * @param config its configuration
     * @param attached indices of its devices, in the order in which the process is to see them
     * @param all the devices of the host, for the names of those that are attached
     * @param visibilityVariable what the backend's {@code visibilityVariable()} says
     * @param envs the value of {@value VariableNames#GENV_ENVS}: the path of the state directory
     * @throws IllegalArgumentException if a value cannot be held by a variable, because it has a NUL
     */
    public static EnvironmentVariables of(
            String eid,
            EnvConfig config,
            List<Integer> attached,
            List<Device> all,
            String visibilityVariable,
            Path envs) {
        return ofNames(eid, config, VisibleNames.of(visibilityVariable, attached, all), visibilityVariable, envs);
    }

    /** As {@link #of}, for devices of which only the indices are known: no backend is usable, or none is needed. */
    public static EnvironmentVariables ofIndices(
            String eid, EnvConfig config, List<Integer> attached, String visibilityVariable, Path envs) {
        return ofNames(
                eid,
                config,
                attached.stream().map(index -> Integer.toString(index)).toList(),
                visibilityVariable,
                envs);
    }

    private static EnvironmentVariables ofNames(
            String eid, EnvConfig config, List<String> visible, String visibilityVariable, Path envs) {
        LinkedHashMap<String, Optional<String>> entries = new LinkedHashMap<>();
        put(entries, VariableNames.GENV_ENVIRONMENT_ID, Optional.of(eid));
        put(entries, VariableNames.GENV_ENVIRONMENT_NAME, config.name());
        put(
                entries,
                VariableNames.GENV_GPUS,
                config.gpus().isPresent()
                        ? Optional.of(Integer.toString(config.gpus().getAsInt()))
                        : Optional.empty());
        put(entries, VariableNames.GENV_GPU_MEMORY, config.gpuMemory().map(Object::toString));
        put(entries, VariableNames.GENV_ENVS, Optional.of(envs.toString()));
        put(entries, VariableNames.GENV_PYTHON, Optional.of("1"));
        if (visibilityVariable.equals(VariableNames.CUDA_VISIBLE_DEVICES)) {
            put(entries, VariableNames.CUDA_DEVICE_ORDER, Optional.of(VariableNames.PCI_BUS_ID));
        }
        put(
                entries,
                visibilityVariable,
                Optional.of(visible.isEmpty() ? VariableNames.NO_DEVICES : String.join(",", visible)));
        return new EnvironmentVariables(entries);
    }

    private static void put(Map<String, Optional<String>> entries, String name, Optional<String> value) {
        if (value.isPresent() && value.get().indexOf('\0') >= 0) {
            throw new IllegalArgumentException("value cannot be held by an environment variable: variable=" + name
                    + ", position of NUL=" + value.get().indexOf('\0') + "; remove the NUL");
        }
        entries.put(name, value);
    }

    /** Returns every variable that this set speaks of: with its value, or empty where it must be absent. */
    public Map<String, Optional<String>> entries() {
        return entries;
    }

    /** Returns the variables that the process has. The map is a copy of its own order and cannot be changed. */
    public Map<String, String> set() {
        Map<String, String> known = set;
        if (known == null) {
            Map<String, String> present = new LinkedHashMap<>();
            entries.forEach((name, value) -> value.ifPresent(text -> present.put(name, text)));
            known = Collections.unmodifiableMap(present);
            set = known;
        }
        return known;
    }

    /** Returns the variables that the process must not have. The set cannot be changed. */
    public Set<String> unset() {
        LinkedHashSet<String> unset = new LinkedHashSet<>();
        entries.forEach((name, value) -> {
            if (value.isEmpty()) {
                unset.add(name);
            }
        });
        return Collections.unmodifiableSet(unset);
    }

    /** Sets and removes in a child's variables, such as {@link ProcessBuilder#environment()}; the rest stays. */
    public void applyTo(Map<String, String> environment) {
        entries.forEach((name, value) -> {
            if (value.isPresent()) {
                environment.put(name, value.get());
            } else {
                environment.remove(name);
            }
        });
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EnvironmentVariables that && entries.equals(that.entries);
    }

    @Override
    public int hashCode() {
        return entries.hashCode();
    }

    @Override
    public String toString() {
        return "set=" + set() + ", unset=" + unset();
    }
}
