// SPDX-License-Identifier: Apache-2.0
package genv.it.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.StateException;
import genv.it.check.Eventually;
import genv.it.peer.OtherUser;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The owner's limits on several processes. */
@GenvTest(devices = 8)
class LimitsOfProcessesTest {
    @Test
    void shouldCountTheProcessesOfAUserTogether(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        write(hosts, "{ \"userDevices\": 3 }");
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=b gpus=2");
            assertThatThrownBy(() -> host.activate(gpus(2)))
                    .isInstanceOf(DevicesUnavailableException.class)
                    .hasMessageContaining("asked=2 in_use=2 limit=3");
            peer.process().kill();
            assertThat(host.activate(gpus(2)).devices())
                    .as("what a dead process had does not count")
                    .containsExactly(0, 1);
        }
    }

    /** However many ask at once: what is counted is the state that is changed. */
    @Test
    void shouldNeverGiveOutMoreHoweverManyAskAtOnce(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        write(hosts, "{ \"userDevices\": 3 }");
        List<Peer> peers = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                peers.add(Peer.beside(hosts));
            }
            peers.forEach(peer -> peer.does("eid"));
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 3; i++) {
                    peers.get(i).begins("activate eid=e" + i + " gpus=2 wait=60000");
                }
                for (int left = 3; left > 0; left--) {
                    assertThat(host.snapshot().envs().stream()
                                    .mapToInt(env -> env.devices().size())
                                    .sum())
                            .isLessThanOrEqualTo(3);
                    Peer served = served(host, peers);
                    served.finishes();
                    served.does("close");
                }
            }
            peers.forEach(Peer::exits);
        } finally {
            peers.forEach(Peer::close);
        }
    }

    /** The peer whose environment has devices; only one at a time can. */
    private static Peer served(GenvHost host, List<Peer> peers) {
        while (true) {
            for (int i = 0; i < peers.size(); i++) {
                if (host.snapshot()
                        .env("e" + i)
                        .map(env -> !env.devices().isEmpty())
                        .orElse(false)) {
                    return peers.get(i);
                }
            }
            Thread.onSpinWait();
        }
    }

    /** It waits for the user's own, and for no device: nobody stands behind it. */
    @Test
    void shouldServeOthersBeforeARequestThatItsLimitHoldsUp(GenvHosts hosts, @TempDir Path directory) throws Exception {
        OtherUser other = OtherUser.prepare(directory);
        OtherUser.letIn(hosts);
        GenvHost host = hosts.host();
        write(hosts, "{ \"userDevices\": 7, \"users\": { \"0\": { \"userDevices\": 2 } } }");
        Activation mine = host.activate(gpus(2));
        try (Peer waiting = Peer.beside(hosts);
                Peer stranger = Peer.on(hosts.stateDirectory(), 8, "16g", other::as)) {
            waiting.begins("activate eid=waiting gpus=2 wait=120000");
            assertThat(Eventually.waiting(host, 1).waiters().getFirst().limited())
                    .isTrue();
            stranger.does("activate eid=stranger gpus=5");
            mine.close();
            assertThat(waiting.finishes()).isEqualTo("waiting [0, 1]");
            stranger.exits();
            waiting.exits();
        }
    }

    /** A stopped process keeps what it holds, and not what its user might have one day. */
    @Test
    void shouldPassOverAStoppedProcessThatItsLimitHoldsUp(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        write(hosts, "{ \"userDevices\": 3 }");
        Activation mine = host.activate(gpus(2));
        try (Peer stopped = Peer.beside(hosts);
                Peer small = Peer.beside(hosts)) {
            stopped.begins("activate eid=stopped gpus=3 wait=120000");
            Eventually.waiting(host, 1);
            stopped.process().stop();
            small.does("activate eid=small gpus=1 wait=120000");
            stopped.process().resume();
            small.does("close");
            mine.close();
            assertThat(stopped.finishes()).startsWith("stopped [");
            stopped.exits();
            small.exits();
        }
    }

    @Test
    void shouldPassOverAFileOfAnybodyElse(GenvHosts hosts, @TempDir Path directory) throws Exception {
        OtherUser other = OtherUser.prepare(directory);
        OtherUser.letIn(hosts);
        GenvHost host = hosts.host();
        Path file = hosts.stateDirectory().resolve("limits.json");
        Files.writeString(file, "{ \"userDevices\": 0 }");
        Files.setAttribute(file, "unix:uid", OtherUser.UID);
        host.activate(gpus(3));
        try (Peer peer = Peer.on(hosts.stateDirectory(), 8, "16g", other::as)) {
            peer.does("activate eid=b gpus=3");
            write(hosts, "{ \"userDevices\": 4 }"); // root's, renamed over it
            try (Peer late = Peer.on(hosts.stateDirectory(), 8, "16g", other::as)) {
                assertThat(late.fails(DevicesUnavailableException.class, "activate gpus=2"))
                        .contains("in_use=3 limit=4");
                late.exits();
            }
            peer.exits();
        }
    }

    /** The file is replaced again and again by renaming: no request ever sees half of one. */
    @Test
    void shouldNeverSeeHalfAFileThatIsReplacedByRenaming(GenvHosts hosts) throws Exception {
        hosts.host();
        write(hosts, "{ \"userDevices\": 8 }");
        try (Peer peer = Peer.beside(hosts)) {
            for (int i = 0; i < 300; i++) {
                peer.begins("activate eid=b gpus=1");
                write(hosts, "{ \"userDevices\": 8" + " ".repeat(i) + "}");
                assertThat(peer.finishes()).startsWith("b [");
                peer.does("close");
            }
            Files.writeString(hosts.stateDirectory().resolve("limits.json"), "{ \"userDevices\": 8"); // in place
            while (true) {
                peer.begins("activate eid=b gpus=1");
                String answer = peer.process().next();
                if (answer.startsWith("failed")) {
                    assertThat(answer)
                            .startsWith("failed " + StateException.class.getSimpleName())
                            .contains("line=1");
                    break;
                }
                peer.does("close");
            }
            peer.exits();
        }
    }

    private static void write(GenvHosts hosts, String text) throws IOException {
        Path file = hosts.stateDirectory().resolve("limits.json");
        Path fresh = Files.writeString(hosts.stateDirectory().resolve("limits.json.new"), text);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static ActivationRequest gpus(int count) {
        return ActivationRequest.of(EnvConfig.builder().gpus(count).build());
    }
}
