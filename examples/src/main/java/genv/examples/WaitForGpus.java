// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.Genv;
import java.time.Duration;

/** Waiting for devices that others have. */
public final class WaitForGpus {
    private WaitForGpus() {}

    /** Waits ten minutes at most for two devices. */
    public static void main(String[] args) {
        EnvConfig config = EnvConfig.builder().name("nightly").gpus(2).build();
        ActivationRequest request = ActivationRequest.of(config).waitUpTo(Duration.ofMinutes(10));
        try (Activation env = Genv.activate(request)) {
            System.out.println("got devices " + env.devices());
        } catch (DevicesUnavailableException e) {
            System.err.println(e.getMessage()); // who holds the devices, and for how long
            System.exit(1);
        }
    }
}
