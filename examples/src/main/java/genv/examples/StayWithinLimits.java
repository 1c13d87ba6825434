// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.Genv;
import genv.api.WaiterInfo;

/** What a program meets on a host whose owner has set limits. */
public final class StayWithinLimits {
    private StayWithinLimits() {}

    /** Asks for more than is allowed, then for what is, and looks at who waits for a limit. */
    public static void main(String[] args) {
        try {
            Genv.activate(EnvConfig.builder().gpus(3).build()).close();
        } catch (DevicesUnavailableException refused) {
            System.out.println(refused.getMessage()); // which limit it is, and in which file
        }
        try (Activation env = Genv.activate(EnvConfig.builder().gpus(2).build())) {
            System.out.println("got " + env.devices() + ", to be given back: "
                    + env.leaseEnd().isPresent());
            long held = Genv.snapshot().waiters().stream()
                    .filter(WaiterInfo::limited)
                    .count();
            System.out.println("requests that wait for a limit: " + held);
        }
    }
}
