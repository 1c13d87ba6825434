// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.it.check.Eventually;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An environment lives as long as its last member: processes that activated it, and children that were started in it. */
@GenvTest
class MembersTest {
    private static final ActivationRequest A =
            ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("a");

    private @Nullable Process sleeper;

    @AfterEach
    void end() throws InterruptedException {
        Process started = sleeper;
        if (started != null) {
            started.destroyForcibly().waitFor();
        }
    }

    private Process startSleeper(Activation activation) throws IOException {
        Process started = activation.start(sleep());
        sleeper = started;
        return started;
    }

    private static ProcessBuilder sleep() {
        return new ProcessBuilder("sleep", "1000");
    }

    @Test
    void shouldMakeAStartedProcessAMember(GenvHost host) throws Exception {
        try (Activation activation = host.activate(A)) {
            Process child = startSleeper(activation);
            assertThat(host.snapshot().env("a").orElseThrow().pids())
                    .containsExactlyInAnyOrder(ProcessHandle.current().pid(), child.pid());
            child.destroyForcibly().waitFor();
            Eventually.snapshot(
                    host,
                    "only the parent is left",
                    s -> s.env("a").orElseThrow().pids().size() == 1);
            assertThat(activation.devices()).containsExactly(0);
        }
    }

    @Test
    void shouldKeepTheEnvironmentForAChildThatOutlivesTheActivation(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        Process child;
        try (Activation activation = host.activate(A)) {
            child = startSleeper(activation);
        }
        assertThat(host.active()).isFalse();
        assertThat(host.snapshot().env("a").orElseThrow().pids()).containsExactly(child.pid());
        try (Activation second = host.activate(EnvConfig.builder().gpus(1).build())) {
            assertThat(second.devices()).containsExactly(1);
        }
        child.destroyForcibly().waitFor();
        Eventually.empty(host);
    }

    @Test
    void shouldKeepTheEnvironmentForAChildThatOutlivesTheProcess(GenvHosts hosts) {
        try (Peer peer = Peer.ofGenv(hosts.stateDirectory(), 2, child -> child)) {
            peer.does("activate eid=a gpus=1");
            ProcessHandle child =
                    ProcessHandle.of(Long.parseLong(peer.does("startSleeper"))).orElseThrow();
            peer.process().kill();
            assertThat(hosts.host().snapshot().env("a").orElseThrow().pids()).containsExactly(child.pid());
            try (Activation joined = hosts.host()
                    .activate(ActivationRequest.of(EnvConfig.empty()).eid("a"))) {
                assertThat(joined.devices()).containsExactly(0);
            }
            child.destroyForcibly();
            child.onExit().join();
            Eventually.empty(hosts.host());
            try (Activation next = hosts.host().activate(A)) {
                assertThat(next.devices()).containsExactly(0);
            }
        }
    }

    @Test
    void shouldNameTheNextEnvironmentDifferentlyWhileAChildLivesInTheOneOfThePid(GenvHost host) throws Exception {
        String pid = Long.toString(ProcessHandle.current().pid());
        Process child;
        try (Activation first = host.activate(EnvConfig.builder().gpus(1).build())) {
            assertThat(first.eid()).isEqualTo(pid);
            child = startSleeper(first);
        }
        try (Activation second = host.activate(EnvConfig.builder().gpus(1).build())) {
            assertThat(second.eid()).startsWith(pid + "-");
            assertThat(second.devices()).containsExactly(1);
        }
        child.destroyForcibly().waitFor();
        Eventually.empty(host);
    }

    @Test
    void shouldMakeAnAdoptedProcessAMember(GenvHost host) throws Exception {
        Process stranger = sleep().start();
        sleeper = stranger;
        try (Activation activation = host.activate(A)) {
            activation.adopt(stranger.toHandle());
            activation.adopt(stranger.toHandle());
            activation.adopt(ProcessHandle.current());
            assertThat(host.snapshot().env("a").orElseThrow().pids())
                    .containsExactlyInAnyOrder(ProcessHandle.current().pid(), stranger.pid());
        }
        assertThat(host.snapshot().env("a").orElseThrow().pids()).containsExactly(stranger.pid());
        stranger.destroyForcibly().waitFor();
        Eventually.empty(host);
    }

    @Test
    void shouldIgnoreAnAdoptedProcessThatHasEnded(GenvHost host) throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        try (Activation activation = host.activate(A)) {
            activation.adopt(ended.toHandle());
            assertThat(host.snapshot().env("a").orElseThrow().pids())
                    .containsExactly(ProcessHandle.current().pid());
        }
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    void shouldNotMakeAProcessAMemberByItsVariablesAlone(GenvHost host) throws Exception {
        try (Activation activation = host.activate(A)) {
            Process started = activation.applyTo(sleep()).start();
            sleeper = started;
            assertThat(host.snapshot().env("a").orElseThrow().pids())
                    .containsExactly(ProcessHandle.current().pid());
        }
        assertThat(host.snapshot().envs()).isEmpty();
    }

    @Test
    void shouldLeaveTheEnvironmentAsItWasWhereAProcessCannotBeStarted(GenvHost host) {
        try (Activation activation = host.activate(A)) {
            var before = host.snapshot();
            assertThatThrownBy(() -> activation.start(new ProcessBuilder("/nonexistent/program")))
                    .isInstanceOf(IOException.class);
            assertThat(host.snapshot()).isEqualTo(before);
        }
    }

    @Test
    void shouldEndWhenTheOnlyMemberIsKilled(GenvHosts hosts) {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a gpus=2");
            peer.does("lock");
            assertThat(hosts.host().snapshot().device(0).orElseThrow().lockHolders())
                    .hasSize(1);
            peer.process().kill();
            assertThat(Eventually.isEmpty(hosts.host().snapshot())).isTrue();
            try (Activation next = hosts.host().activate(A)) {
                assertThat(next.devices()).containsExactly(0);
            }
        }
    }

    @Test
    void shouldGiveUpNothingOfAStoppedMember(GenvHosts hosts) {
        try (Peer peer = Peer.beside(hosts)) {
            peer.does("activate eid=a gpus=1");
            peer.process().stop();
            assertThat(hosts.host().snapshot().env("a")).isPresent();
            try (Activation other =
                    hosts.host().activate(EnvConfig.builder().gpus(1).build())) {
                assertThat(other.devices()).containsExactly(1);
            }
            peer.process().resume();
            assertThat(peer.does("attached")).isEqualTo("[0]");
            peer.exits();
        }
    }
}
