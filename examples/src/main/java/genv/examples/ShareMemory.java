// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.Genv;

/** A share of a device's memory instead of the whole device. */
public final class ShareMemory {
    private ShareMemory() {}

    /** Takes 4 gigabytes of one device. */
    public static void main(String[] args) throws Exception {
        EnvConfig config = EnvConfig.builder().gpus(1).gpuMemory("4g").build();
        try (Activation env = Genv.activate(config)) {
            // Four of these fit on a device of 16g; a fifth is given another device, or refused.
            System.out.println("4g of device " + env.devices().getFirst());
            infer();
        }
    }

    private static void infer() throws Exception {
        // Stays until its input ends.
        System.in.transferTo(System.out);
    }
}
