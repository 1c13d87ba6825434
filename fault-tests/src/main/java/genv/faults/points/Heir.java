// SPDX-License-Identifier: Apache-2.0
package genv.faults.points;

import genv.api.Activation;
import genv.api.GenvHost;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Waits for all devices of a host, and notes when it got them. */
final class Heir implements AutoCloseable {
    private final GenvHost host;
    private final CompletableFuture<Long> served = new CompletableFuture<>();

    Heir(GenvHost host) {
        this.host = host;
        Thread.ofPlatform().daemon().name("heir").start(this::inherit);
    }

    private void inherit() {
        try (Activation all = host.activate(Victim.gpus(PointOperation.DEVICES).waitUpTo(Duration.ofMinutes(2)))) {
            long now = System.nanoTime();
            if (all.devices().size() != PointOperation.DEVICES) {
                throw new AssertionError("got only " + all.devices());
            }
            served.complete(now);
        } catch (RuntimeException | AssertionError e) {
            served.completeExceptionally(e);
        }
    }

    /** When it was served, of {@link System#nanoTime}. */
    long servedAt() throws Exception {
        return served.get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        host.close();
    }
}
