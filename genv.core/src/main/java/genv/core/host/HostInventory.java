// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.PlacementPolicy;
import genv.api.spi.Device;
import genv.core.backend.DeviceSurvey;
import genv.core.backend.DeviceTable;
import genv.core.backend.HostDevices;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.rules.Candidates;
import genv.core.rules.Chooser;
import genv.core.variables.EnvironmentVariables;
import genv.core.variables.HostVariables;
import genv.core.variables.VariableNames;
import genv.core.variables.VisibleDevices;
import genv.core.variables.VisibleNames;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The devices of the host as this process may use them. The backend is not touched before a device is needed. */
final class HostInventory {
    private final HostDevices devices;
    private final DeviceSurvey survey;
    private final Function<String, Optional<String>> presetVariable;
    private final Path stateDirectory;
    private final boolean isDefaultDirectory;
    private final HostVariables variablesOfIndices;
    private volatile @Nullable Usable usable;

    /**
     * {@code presetVariable}: what a variable held before this library set it, a scheduler's choice. {@code
     * isDefaultDirectory}: whether a child process finds the state directory by itself.
     */
    HostInventory(
            HostDevices devices,
            DeviceSurvey survey,
            Function<String, Optional<String>> presetVariable,
            Path stateDirectory,
            boolean isDefaultDirectory) {
        this.devices = devices;
        this.survey = survey;
        this.presetVariable = presetVariable;
        this.stateDirectory = stateDirectory;
        this.isDefaultDirectory = isDefaultDirectory;
        this.variablesOfIndices = variables(VisibleNames.ofIndices(VariableNames.CUDA_VISIBLE_DEVICES));
    }

    private HostVariables variables(VisibleNames names) {
        return new HostVariables(names, stateDirectory, isDefaultDirectory);
    }

    /** The devices that this process may be given. */
    DeviceTable visible() {
        return usable().visible();
    }

    /** Asks the backend again; whether this process may use other devices now. A backend that fails changes nothing. */
    boolean refresh() {
        Optional<DeviceTable> before = devices.known();
        if (before.isEmpty()) {
            return false;
        }
        DeviceSet known = candidates().eligible();
        try {
            devices.refresh();
        } catch (BackendException failing) {
            return false;
        }
        return !candidates().eligible().equals(known);
    }

    /** The devices to give some out of. */
    Candidates candidates() {
        return usable(devices.recent()).candidates();
    }

    /** The same, of which a policy chooses. */
    Candidates candidates(PlacementPolicy policy) {
        Usable now = usable(devices.recent());
        if (policy.equals(PlacementPolicy.firstFit())) {
            return now.candidates();
        }
        Set<PlacementPolicy.Need> needs = policy.needs();
        return now.candidates()
                .chosenBy(new Chooser(
                        policy,
                        needs,
                        () -> survey.survey(
                                now.all().allDevices(), now.visible().devices(), needs)));
    }

    /** What follows from a device table, kept as long as the table is the same. */
    private record Usable(DeviceTable all, DeviceTable visible, Candidates candidates, HostVariables variables) {}

    private Usable usable() {
        return usable(devices.table());
    }

    private Usable usable(DeviceTable table) {
        Usable known = usable;
        if (known == null || known.all() != table) {
            String variable = table.visibilityVariable();
            Optional<String> preset = presetVariable.apply(variable);
            DeviceTable visible = preset.isEmpty()
                    ? table
                    : table.restrictedTo(VisibleDevices.parse(variable, preset, table.allDevices()));
            VisibleNames names = VisibleNames.of(variable, table.allDevices());
            // before the variable is set: what it holds now is a scheduler's choice
            known = new Usable(table, visible, candidates(visible.devices()), variables(names));
            usable = known;
        }
        return known;
    }

    private static Candidates candidates(List<Device> list) {
        int size = list.isEmpty() ? 0 : list.getLast().index() + 1;
        long[] totals = new long[size];
        int[] hashes = new int[size];
        Arrays.fill(totals, -1);
        DeviceSet eligible = DeviceSet.EMPTY;
        for (Device device : list) {
            eligible = eligible.with(device.index());
            totals[device.index()] = device.totalMemory().map(MemorySize::bytes).orElse(-1L);
            hashes[device.index()] = device.uuid().hashCode();
        }
        return new Candidates(eligible, totals, hashes);
    }

    /** The devices by which those of an environment are named: the same object as long as nothing was read anew. */
    Optional<DeviceTable> known() {
        return devices.known();
    }

    /** Reads the devices anew if they were read, but not lately; never touches the backend otherwise. */
    void renew() {
        if (devices.known().isPresent()) {
            var _ = devices.recent();
        }
    }

    /** All devices, or none where no backend is usable. */
    List<Device> describe() {
        try {
            return devices.table().allDevices();
        } catch (BackendException none) {
            return List.of();
        }
    }

    /** The variables of a process in an environment. */
    EnvironmentVariables variables(EnvBlock block) {
        DeviceSet attached = block.devices();
        return variables(attached).of(block.eid(), block.config(), attached.toList());
    }

    /** A process in somebody else's environment may have no backend: it still can say the indices. */
    private HostVariables variables(DeviceSet attached) {
        if (attached.isEmpty() && devices.known().isEmpty()) {
            return variablesOfIndices;
        }
        try {
            return usable().variables();
        } catch (BackendException none) {
            return variablesOfIndices;
        }
    }
}
