// SPDX-License-Identifier: Apache-2.0
package genv.it.placement;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.PlacementCandidate;
import genv.api.PlacementPolicy;
import genv.it.check.Eventually;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Placement policies of two processes on one host. */
class PlacementOfProcessesTest {
    @Test
    @GenvTest(devices = 4)
    void shouldSeeWhatOtherProcessesReserved(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2 memory=10g placement=highest");
            assertThat(peer.does("devices")).isEqualTo("[2, 3]");

            EnvConfig config = EnvConfig.builder().gpus(3).gpuMemory("5g").build();
            try (Activation env = host.activate(ActivationRequest.of(config).placement(PlacementPolicy.bestFit()))) {
                assertThat(env.devices())
                        .as("beside the peer first, then a free one")
                        .containsExactly(0, 2, 3);
            }
            peer.exits();
        }
    }

    /** The queue is for all that could serve a request; which of them it is given is decided when its turn comes. */
    @Test
    @GenvTest(devices = 3)
    void shouldPlaceAWaitingRequestWhenItsTurnComes(GenvHosts hosts) {
        GenvHost host = hosts.host();
        host.activate(ActivationRequest.of(EnvConfig.builder().gpus(3).build()));
        try (Peer peer = Peer.beside(hosts)) {
            peer.begins("activate eid=b gpus=1 wait=60000 placement=highest");
            assertThat(Eventually.waiters(host, 0, 1).device(1).orElseThrow().waiters())
                    .hasSize(1);
            Eventually.waiters(host, 2, 1);
            host.detach(1);
            assertThat(peer.finishes()).as("the first that was freed").isEqualTo("b [1]");
            peer.does("detach");
            peer.does("close");

            peer.begins("activate eid=b gpus=2 wait=60000 placement=highest");
            Eventually.waiters(host, 0, 1);
            host.detach();
            assertThat(peer.finishes()).as("two of three").isEqualTo("b [1, 2]");
            peer.exits();
        }
    }

    /** Another process is faster while the policy thinks: it is asked again, on the new state. */
    @Test
    @GenvTest(devices = 3)
    void shouldAskAgainWhenAnotherProcessWasFaster(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Peer peer = Peer.beside(hosts)) {
            host.activate();
            AtomicBoolean first = new AtomicBoolean(true);
            AtomicInteger asked = new AtomicInteger();
            PlacementPolicy lowest = question -> {
                asked.incrementAndGet();
                if (first.getAndSet(false)) {
                    peer.does("activate eid=b gpus=1"); // no policy should: here it stands for bad luck
                }
                return question.candidates().stream()
                        .limit(question.missing())
                        .map(PlacementCandidate::index)
                        .toList();
            };
            assertThat(host.attach(DeviceRequest.gpus(1).placement(lowest))).isEqualTo(List.of(1));
            assertThat(asked).hasValue(2);
            assertThat(peer.does("devices")).isEqualTo("[0]");
            peer.exits();
        }
    }
}
