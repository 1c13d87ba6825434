// SPDX-License-Identifier: Apache-2.0
package genv.it.placement;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.PlacementPolicy;
import genv.it.check.Background;
import genv.it.check.Refusal;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A placement policy that locks, where it could come to wait for what its own request keeps from going on. */
@GenvTest
class LockingPolicyTest {
    @Test
    void shouldFailAtOnceWhileAnotherThreadWaitsForTheLock(GenvHost host, GenvHosts hosts) throws Exception {
        GenvHost other = hosts.open();
        other.activate(ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("b"));
        DeviceLock theirs = other.lock();
        host.activate();
        host.attach(DeviceRequest.index(0).overSubscribed()); // the same device
        Background<DeviceLock> waiting = Background.start(host::lock);
        waiting.awaitWaiting();

        PlacementPolicy locking = _ -> {
            host.lock().close();
            return List.of(1);
        };
        Background<List<Integer>> request =
                Background.start(() -> host.attach(DeviceRequest.gpus(2).placement(locking)));
        Refusal.of(IllegalStateException.class, request::result, "a placement policy called genv");

        assertThat(waiting.isDone()).isFalse();
        theirs.close();
        waiting.result().close();
    }
}
