// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.api.EnvConfig;
import java.util.Optional;

/** The environment of a container, as its variables say it. */
public record ContainerEnv(Optional<String> eid, EnvConfig config) {}
