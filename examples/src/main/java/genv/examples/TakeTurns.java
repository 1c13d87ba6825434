// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.Genv;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Sharing a device on purpose, and taking turns on it. */
public final class TakeTurns {
    private TakeTurns() {}

    /** Works in batches, each under a lock on the device. */
    public static void main(String[] args) throws InterruptedException {
        EnvConfig config = EnvConfig.builder().gpus(1).build();
        try (Activation env = Genv.activate(ActivationRequest.of(config).overSubscribed())) {
            for (int batch = 0; batch < 3; batch++) {
                try (DeviceLock lock = Genv.lock()) { // waits for its turn
                    compute(batch, lock.devices());
                }
            }
            Optional<DeviceLock> lock = Genv.tryLock(Duration.ofSeconds(5));
            if (lock.isPresent()) {
                try (DeviceLock last = lock.get()) {
                    compute(3, last.devices());
                }
            }
            System.out.println("left device " + env.devices());
        }
    }

    private static void compute(int batch, List<Integer> devices) {
        System.out.println("batch " + batch + " on devices " + devices);
    }
}
