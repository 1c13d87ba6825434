// SPDX-License-Identifier: Apache-2.0
package genv.it.locks;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceLock;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.LockMode;
import genv.api.NotActiveException;
import genv.api.StateFormat;
import genv.it.check.Background;
import genv.it.check.Eventually;
import genv.it.check.Refusal;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Threads that wait for a device lock while another one takes from them what they wait for. */
@GenvTest
class WaitsThatEndTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final ActivationRequest BOTH =
            ActivationRequest.of(EnvConfig.builder().gpus(2).build()).overSubscribed();

    private GenvHost host;
    private Activation mine;
    private GenvHost other;
    private DeviceLock theirs;

    @BeforeEach
    void lockEverything(GenvHosts hosts) {
        host = hosts.host();
        other = hosts.open();
        mine = host.activate(BOTH.eid("a"));
        other.activate(BOTH.eid("b"));
        theirs = other.lock();
    }

    /** One that waits for the lock, and one that waits until the first has it. */
    private List<Background<Optional<DeviceLock>>> waiting() throws InterruptedException {
        Background<Optional<DeviceLock>> first = Background.start(() -> Optional.of(host.lock()));
        first.awaitWaiting();
        if (host.snapshot().format() == StateFormat.MAPPED) { // Genv's files have no queue to be seen in
            Eventually.waiting(host, 1);
        }
        Background<Optional<DeviceLock>> second = Background.start(() -> host.tryLock(LONG));
        second.awaitWaiting();
        return List.of(first, second);
    }

    @Test
    void shouldNotGetALockOnNothingWhenTheDevicesAreDetached() throws Exception {
        List<Background<Optional<DeviceLock>>> waiting = waiting();

        host.detach();
        theirs.close();

        for (Background<Optional<DeviceLock>> one : waiting) {
            Refusal.of(GenvException.class, one::result, "detached", "eid=a");
        }
        assertThat(host.lock().devices()).as("one that begins without a device").isEmpty();
    }

    @Test
    void shouldNotGetALockOnNothingWhenTheEnvironmentEnds() throws Exception {
        List<Background<Optional<DeviceLock>>> waiting = waiting();

        mine.close();
        theirs.close();

        for (Background<Optional<DeviceLock>> one : waiting) {
            Refusal.of(NotActiveException.class, one::result, "eid=a");
        }
        assertThat(host.lock().devices()).as("outside an environment").isEmpty();
    }

    @Test
    void shouldNotGetALockInAnEnvironmentThatThisHostHasLeft(GenvHosts hosts) throws Exception {
        GenvHost stays = hosts.open();
        stays.activate(ActivationRequest.of(EnvConfig.empty()).eid("a"));
        List<Background<Optional<DeviceLock>>> waiting = waiting();

        mine.close();
        theirs.close();

        for (Background<Optional<DeviceLock>> one : waiting) {
            Refusal.of(NotActiveException.class, one::result, "left", "eid=a");
        }
        assertThat(stays.tryLock(LockMode.EXCLUSIVE, LONG)).isPresent();
    }
}
