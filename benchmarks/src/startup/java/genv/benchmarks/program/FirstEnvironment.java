// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.program;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.Genv;

/** Activates an environment with one device and closes it. */
public final class FirstEnvironment {
    private FirstEnvironment() {}

    /** Ends with status 1 where it was given no device. */
    public static void main(String[] args) {
        try (Activation env = Genv.activate(EnvConfig.builder().gpus(1).build())) {
            if (env.devices().size() != 1) {
                System.exit(1);
            }
        }
    }
}
