// SPDX-License-Identifier: Apache-2.0
package genv.examples;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.Genv;
import genv.api.Lease;
import genv.api.LeaseExpiredException;
import genv.api.LeaseListener;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** Devices for a limited time. */
public final class LeaseGpus {
    private LeaseGpus() {}

    /** Takes a device for two seconds, renews the lease once, and lets it run out. */
    public static void main(String[] args) throws InterruptedException {
        Duration duration = Duration.ofSeconds(2);
        CountDownLatch over = new CountDownLatch(1);
        LeaseListener listener = new LeaseListener() {
            private boolean isRenewed;

            @Override
            public void leaseEnds(Lease lease) {
                System.out.println("about to lose " + lease.devices());
                if (!isRenewed) { // there is more to do: ask for more time
                    lease.renew(duration);
                    isRenewed = true;
                }
            }

            @Override
            public void leaseEnded(Lease lease) {
                System.out.println("lost " + lease.devices());
                over.countDown();
            }
        };
        EnvConfig config = EnvConfig.builder().gpus(1).build();
        ActivationRequest request = ActivationRequest.of(config).lease(duration).onLeaseEnd(listener);
        try (Activation env = Genv.activate(request)) {
            System.out.println("got " + env.devices());
            over.await();
            System.out.println("left with " + env.devices());
            try {
                Genv.lock().close();
            } catch (LeaseExpiredException e) {
                System.out.println("attached again " + Genv.attach());
            }
        }
    }
}
