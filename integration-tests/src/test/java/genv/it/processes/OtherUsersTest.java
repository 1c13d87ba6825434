// SPDX-License-Identifier: Apache-2.0
package genv.it.processes;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.AccessDeniedException;
import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.Snapshot;
import genv.it.check.Eventually;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.OtherUser;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two users of one host: root, which this test must run as, and another one. */
@GenvTest
class OtherUsersTest {
    private static OtherUser user;

    private GenvHosts hosts;

    @BeforeAll
    static void prepare(@TempDir Path classes) throws IOException {
        user = OtherUser.prepare(classes);
    }

    @BeforeEach
    void letIn(GenvHosts injected) throws IOException {
        hosts = injected;
        OtherUser.letIn(injected);
    }

    private Peer ofUser() {
        return Peer.on(hosts.stateDirectory(), 2, "16g", child -> user.as(child, OtherUser.withStrictUmask()));
    }

    private Peer ofRoot() {
        return Peer.on(hosts.stateDirectory(), 2, "16g", child -> child.wrapper(OtherUser.withStrictUmask()));
    }

    private static ActivationRequest as(String eid, int gpus) {
        return ActivationRequest.of(EnvConfig.builder().gpus(gpus).build()).eid(eid);
    }

    @NotOnJson("waiting in a queue")
    @Test
    void shouldShareTheDirectoryThatRootCreated() {
        try (Peer root = ofRoot();
                Peer other = startedAfter(root)) {
            assertThat(root.does("activate eid=a gpus=1")).isEqualTo("a [0]");
            assertThat(other.does("activate eid=b gpus=1")).isEqualTo("b [1]");
            Snapshot snapshot = hosts.host().snapshot();
            assertThat(snapshot.env("a").orElseThrow().uid()).isZero();
            EnvInfo theirs = snapshot.env("b").orElseThrow();
            assertThat(theirs.uid()).isEqualTo(OtherUser.UID);
            assertThat(theirs.username()).isEqualTo("nobody");
            Refusal.isClear(other.fails(DevicesUnavailableException.class, "attach gpus=2"), "eid=a");
            assertThat(other.does("attach gpus=2 over")).isEqualTo("[0, 1]");
            root.does("lock");
            assertThat(other.does("tryLock")).isEqualTo("absent");
            other.begins("lock");
            Eventually.waiters(hosts.host(), 0, 1);
            root.process().kill();
            assertThat(other.finishes()).isEqualTo("[0, 1]");
            other.exits();
        }
    }

    /** Once the first one has created the directory. */
    private Peer startedAfter(Peer first) {
        first.does("active");
        return ofUser();
    }

    @Test
    void shouldShareTheDirectoryThatAnotherUserCreated() throws IOException {
        // that user may make an entry where the state directory is to be
        Path parent = Files.createDirectory(hosts.workingDirectory().resolve("open"));
        Files.setAttribute(parent, "unix:mode", 01777);
        Path state = parent.resolve("state");
        try (Peer other = Peer.on(state, 2, "16g", child -> user.as(child, OtherUser.withStrictUmask()))) {
            assertThat(other.does("activate eid=b gpus=1")).isEqualTo("b [0]");
            try (Peer root = Peer.on(state, 2, "16g", child -> child)) {
                assertThat(root.does("activate eid=a gpus=1")).isEqualTo("a [1]");
                assertThat(root.does("envs")).isEqualTo("[b, a]");
                root.exits();
            }
            other.exits();
        }
    }

    @Test
    void shouldLetNobodyElseJoinOrChangeAnEnvironment() {
        GenvHost host = hosts.host();
        try (Activation mine = host.activate(as("a", 1));
                Peer stranger = ofUser()) {
            Snapshot before = host.snapshot();
            for (String command : new String[] {"activate eid=a", "activate eid=a gpus=2", "call eid=a"}) {
                Refusal.isClear(
                        stranger.fails(AccessDeniedException.class, command),
                        "eid=a",
                        "owner=root",
                        "uid=" + OtherUser.UID);
            }
            assertThat(host.snapshot()).isEqualTo(before);
            assertThat(mine.devices()).containsExactly(0);
            stranger.exits();
        }
    }

    @Test
    void shouldLetNobodyElseChangeAnInheritedEnvironment() {
        GenvHost host = hosts.host();
        try (Activation mine = host.activate(as("a", 1));
                Peer stranger = Peer.ofGenv(
                        hosts.stateDirectory(), 2, child -> user.as(child).environment("GENV_ENVIRONMENT_ID", "a"))) {
            Snapshot before = host.snapshot();
            assertThat(stranger.does("attached")).isEqualTo("[0]");
            for (String command : new String[] {
                "attach gpus=2",
                "attach index=1",
                "attach index=1 over",
                "detach",
                "detach index=0",
                "detach index=1",
                "configure name=mine",
                "configure"
            }) {
                Refusal.isClear(
                        stranger.fails(AccessDeniedException.class, command),
                        "eid=a",
                        "owner=root",
                        "uid=" + OtherUser.UID);
                assertThat(host.snapshot()).as(command).isEqualTo(before);
            }
            assertThat(mine.configuration())
                    .isEqualTo(EnvConfig.builder().gpus(1).build());
            stranger.exits();
        }
    }

    @Test
    void shouldLetRootJoinAndChangeTheEnvironmentOfAnother() {
        GenvHost host = hosts.host();
        try (Peer other = ofUser()) {
            other.does("activate eid=b gpus=1 memory=4g");
            try (Activation root =
                    host.activate(ActivationRequest.of(EnvConfig.empty()).eid("b"))) {
                assertThat(root.devices()).containsExactly(0);
                assertThat(host.attach(DeviceRequest.gpus(2))).containsExactly(0, 1);
                host.configure(EnvConfig.builder().name("by-root").build());
                assertThat(host.detach(0)).containsExactly(1);
            }
            assertThat(other.does("attached")).isEqualTo("[1]");
            assertThat(other.does("configuration")).contains("by-root");
            assertThat(host.snapshot().env("b").orElseThrow().uid()).isEqualTo(OtherUser.UID);
            other.exits();
        }
        assertThat(Eventually.isEmpty(host.snapshot())).isTrue();
    }

    @Test
    void shouldLetAnyUserRemoveWhatTheDeadOfAnotherLeft() {
        try (Peer root = ofRoot();
                Peer other = startedAfter(root)) {
            root.does("activate eid=a gpus=2");
            Refusal.isClear(other.fails(DevicesUnavailableException.class, "activate eid=b gpus=1"), "eid=a");
            root.process().kill();
            assertThat(other.does("activate eid=a gpus=2")).isEqualTo("a [0, 1]");
            assertThat(hosts.host().snapshot().env("a").orElseThrow().uid()).isEqualTo(OtherUser.UID);
            other.exits();
        }
    }
}
