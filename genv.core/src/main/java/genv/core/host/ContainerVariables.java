// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.api.EnvConfig;
import genv.api.MemorySize;
import genv.core.store.ContainerEnv;
import genv.core.variables.VariableNames;
import genv.core.variables.VariableStore;
import java.lang.System.Logger.Level;
import java.util.Optional;

/** Reads what the variables of a container say of the environment that it was started in. */
final class ContainerVariables {
    private ContainerVariables() {}

    /** Empty outside of a container that Genv has started. */
    static Optional<ContainerEnv> read(VariableStore variables) {
        if (variables.get(VariableNames.GENV_CONTAINER).orElse("").isEmpty()) {
            return Optional.empty();
        }
        EnvConfig config = EnvConfig.empty();
        try {
            EnvConfig.Builder builder = EnvConfig.builder();
            value(variables, VariableNames.GENV_ENVIRONMENT_NAME).ifPresent(builder::name);
            value(variables, VariableNames.GENV_GPUS).map(Integer::valueOf).ifPresent(builder::gpus);
            value(variables, VariableNames.GENV_GPU_MEMORY)
                    .map(MemorySize::parse)
                    .ifPresent(builder::gpuMemory);
            config = builder.build();
        } catch (IllegalArgumentException notAConfiguration) {
            System.getLogger("genv.core.host")
                    .log(Level.WARNING, "variables of the container are no configuration", notAConfiguration);
        }
        return Optional.of(new ContainerEnv(value(variables, VariableNames.GENV_ENVIRONMENT_ID), config));
    }

    private static Optional<String> value(VariableStore variables, String name) {
        return variables.get(name).filter(text -> !text.isEmpty());
    }
}
