// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.Genv;

/** A GPU for this process. */
public final class OneGpu {
    private OneGpu() {}

    /** Takes one device, works, and gives it back. */
    public static void main(String[] args) {
        EnvConfig config = EnvConfig.builder().name("training").gpus(1).build();
        try (Activation env = Genv.activate(config)) {
            System.out.println("environment " + env.eid() + " has devices " + env.devices());
            // Load CUDA from here on: CUDA_VISIBLE_DEVICES names the device that is yours.
            train();
        }
        // The device is free again, and every variable holds what it held before.
        System.out.println("active: " + Genv.active());
    }

    private static void train() {}
}
