// SPDX-License-Identifier: Apache-2.0
package genv.it.limits;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.LeaseExpiredException;
import genv.it.check.Eventually;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Leases that run out under another process, whatever that one does meanwhile. */
class LeasesOfProcessesTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    @Test
    @GenvTest(devices = 2)
    void shouldTakeTheDevicesOfAProcessThatIsStopped(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2");
            assertThat(peer.does("leaseEnd")).isEqualTo("false");
            peer.does("detach");
            peer.does("close");
            peer.does("activate eid=b gpus=2 lease=600000");
            peer.does("lock");
            assertThat(peer.does("leaseEnd")).isEqualTo("true");
            peer.does("renew 300");
            peer.process().stop();

            try (Activation mine = host.activate(gpus(2).waitUpTo(LONG))) {
                assertThat(mine.devices()).as("by the wait alone").containsExactly(0, 1);
                host.lock().close();
                peer.process().resume();
                assertThat(Eventually.snapshot(
                                        host, "b is there", s -> s.env("b").isPresent())
                                .env("b")
                                .orElseThrow()
                                .devices())
                        .isEmpty();
                assertThat(peer.does("attached")).isEqualTo("[]");
                assertThat(peer.fails(LeaseExpiredException.class, "tryLock")).contains("eid=b");
            }
            assertThat(peer.does("attach")).isEqualTo("[0, 1]");
            peer.exits();
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldNotMindAnOwnerThatIsKilledBeforeTheEnd(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=1 lease=600000");
            peer.process().kill();
            try (Activation mine = host.activate(gpus(1))) {
                assertThat(mine.devices()).containsExactly(0);
                assertThat(mine.leaseEnd()).isEmpty();
            }
        }
    }

    @Test
    @GenvTest(devices = 1)
    void shouldBeSeenAndRenewedByEveryMember(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=1 lease=600000");
            try (Activation joined =
                    host.activate(ActivationRequest.of(EnvConfig.empty()).eid("b"))) {
                assertThat(joined.leaseEnd()).isPresent();
                joined.renew(Duration.ofMillis(100));
                Eventually.snapshot(
                        host,
                        "the lease is over",
                        s -> s.env("b").orElseThrow().devices().isEmpty());
                assertThat(Eventually.snapshot(
                                        host, "b is there", s -> s.env("b").isPresent())
                                .env("b")
                                .orElseThrow()
                                .leaseEnd())
                        .isEmpty();
                assertThat(peer.fails(LeaseExpiredException.class, "renew 1000"))
                        .contains("run out");
            }
            peer.exits();
        }
    }

    /** The variables of the process follow when its own thread takes the devices back. */
    @Test
    void shouldHideTheDevicesFromWhatTheProcessLoadsLater(@TempDir Path directory) {
        try (Peer peer = Peer.ofGenv(directory, 2, child -> child)) {
            peer.does("activate gpus=2 lease=600000");
            assertThat(peer.does("getenv CUDA_VISIBLE_DEVICES")).isEqualTo("0,1");
            peer.does("renew 50");
            while (!peer.does("getenv CUDA_VISIBLE_DEVICES").equals("-1")) {
                Thread.onSpinWait();
            }
            assertThat(peer.does("childGetenv CUDA_VISIBLE_DEVICES")).isEqualTo("-1");
            peer.exits();
        }
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }
}
