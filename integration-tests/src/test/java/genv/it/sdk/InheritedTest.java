// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.AlreadyActiveException;
import genv.api.DeviceInfo;
import genv.api.DeviceLock;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.NotActiveException;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.process.ChildJvm;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that is started in an environment, {@code a}: that one is active in it. */
@GenvTest(devices = 4)
class InheritedTest {
    private static final EnvConfig CONFIG =
            EnvConfig.builder().name("parent").gpus(2).gpuMemory("4g").build();

    private GenvHosts hosts;
    private GenvHost host;
    private Activation parent;

    @BeforeEach
    void activate(GenvHosts injected) {
        hosts = injected;
        host = injected.host();
        parent = host.activate(ActivationRequest.of(CONFIG).eid("a"));
    }

    /** A child with the variables of the environment. */
    private Peer child() {
        Map<String, String> variables = parent.variables();
        return Peer.ofGenv(hosts.stateDirectory(), 4, child -> with(child, variables));
    }

    private static ChildJvm.Builder with(ChildJvm.Builder child, Map<String, String> variables) {
        variables.forEach(child::environment);
        return child;
    }

    @Test
    void shouldBeActiveInTheInheritedEnvironment() {
        try (Peer child = child()) {
            assertThat(child.does("active")).isEqualTo("true");
            assertThat(child.does("eid")).isEqualTo("a");
            assertThat(child.does("attached")).isEqualTo("[0, 1]");
            assertThat(child.does("configuration")).isEqualTo(CONFIG.toString());
            assertThat(child.does("lock")).isEqualTo("[0, 1]");
            assertThat(host.tryLock()).isEmpty();
            child.does("unlock");
            assertThat(host.tryLock()).hasValueSatisfying(lock -> lock.close());
            child.exits();
        }
    }

    @Test
    void shouldRefuseToActivate() {
        try (Peer child = child()) {
            Refusal.isClear(child.fails(AlreadyActiveException.class, "activate"), "eid=a");
            Refusal.isClear(child.fails(AlreadyActiveException.class, "activate eid=b gpus=1"), "eid=a");
            Refusal.isClear(child.fails(AlreadyActiveException.class, "activate eid=a"), "eid=a");
            assertThat(child.does("call eid=task gpus=1")).startsWith("task ");
            assertThat(child.does("envs")).isEqualTo("[a]");
            child.exits();
        }
    }

    @Test
    void shouldChangeTheInheritedEnvironment() {
        try (Peer child = child()) {
            child.does("configure name=child");
            assertThat(host.configuration())
                    .isEqualTo(EnvConfig.builder().name("child").build());
            assertThat(child.does("attach gpus=3")).isEqualTo("[0, 1, 2]");
            assertThat(host.attached()).containsExactly(0, 1, 2);
            assertThat(child.does("detach index=0")).isEqualTo("[1, 2]");
            assertThat(host.attached()).containsExactly(1, 2);
            child.exits();
        }
    }

    @Test
    void shouldMakeTheVariablesOfThisProcessAgree() {
        try (Peer child = child()) {
            assertThat(child.does("getenv CUDA_VISIBLE_DEVICES")).isEqualTo("0,1");
            child.does("attach index=3");
            assertThat(child.does("getenv CUDA_VISIBLE_DEVICES")).isEqualTo("0,1,3");
            host.attach(DeviceRequest.index(2));
            assertThat(child.does("refreshAttached")).isEqualTo("[0, 1, 2, 3]");
            assertThat(child.does("getenv CUDA_VISIBLE_DEVICES")).isEqualTo("0,1,2,3");
            host.configure(EnvConfig.builder().name("other").build());
            child.does("refreshConfiguration");
            assertThat(child.does("getenv GENV_ENVIRONMENT_NAME")).isEqualTo("other");
            assertThat(child.does("getenv GENV_GPUS")).isEqualTo("(none)");
            child.exits();
        }
    }

    @Test
    void shouldLeaveTheParentItsEnvironmentAndLockWhenAChildExits() {
        try (var lock = host.lock();
                Peer child = child()) {
            assertThat(child.does("tryLock")).isEqualTo("absent");
            child.exits();
            assertThat(lock.devices()).containsExactly(0, 1);
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).hasSize(1);
        }
        try (Peer child = child()) {
            child.does("lock");
            child.exits();
        }
        assertThat(host.attached()).containsExactly(0, 1);
        assertThat(host.snapshot().env("a").orElseThrow().pids())
                .containsExactly(ProcessHandle.current().pid());
        assertThat(host.tryLock()).as("the child's lock is gone").isPresent();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldKeepTheLockOfAChildThatEntersItsEnvironmentOnceMore(boolean isMember) {
        try (Peer child = child()) {
            if (isMember) {
                parent.adopt(ProcessHandle.of(child.process().pid()).orElseThrow());
            }
            child.does("lock");
            assertThat(child.does("run eid=a")).isEqualTo("a");
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders())
                    .extracting(DeviceInfo.LockHolder::pid)
                    .containsExactly(child.process().pid());
            assertThat(host.tryLock()).isEmpty();
            child.does("unlock");
            assertThat(host.tryLock()).hasValueSatisfying(DeviceLock::close);
            assertThat(child.does("run eid=a")).isEqualTo("a");
            child.does("lock");
            assertThat(host.tryLock()).isEmpty();
            child.exits();
        }
    }

    @Test
    void shouldSayThatTheInheritedEnvironmentHasEnded() {
        try (Peer child = child()) {
            assertThat(child.does("attached")).isEqualTo("[0, 1]");
            parent.close();
            assertThat(child.does("active")).isEqualTo("true");
            assertThat(child.does("eid")).isEqualTo("a");
            assertThat(child.does("attached")).isEqualTo("[]");
            assertThat(child.does("refreshAttached")).isEqualTo("[]");
            assertThat(child.does("configuration")).isEqualTo(EnvConfig.empty().toString());
            assertThat(child.does("refreshConfiguration"))
                    .isEqualTo(EnvConfig.empty().toString());
            assertThat(child.does("lock")).isEqualTo("[]");
            assertThat(child.does("tryLock")).isEqualTo("[]");
            for (String command : new String[] {
                "attach", "attach gpus=1", "attach index=0", "detach", "detach index=0", "configure gpus=1"
            }) {
                Refusal.isClear(child.fails(NotActiveException.class, command), "eid=a", "ended");
            }
            Refusal.isClear(child.fails(AlreadyActiveException.class, "activate"), "eid=a");
            assertThat(child.does("envs")).isEqualTo("[]");
            child.exits();
        }
    }

    @NotOnJson("locks that end with an environment")
    @Test
    void shouldNotTakeALaterEnvironmentOfTheSameIdentifierForTheEndedOneOnLock() {
        try (Peer child = child()) {
            assertThat(child.does("lock")).isEqualTo("[0, 1]");
            parent.close();
            parent = host.activate(ActivationRequest.of(CONFIG).eid("a"));
            assertThat(host.tryLock()).as("a lock ends with its environment").isPresent();
            child.does("unlock");
            assertThat(host.snapshot().device(0).orElseThrow().lockHolders()).hasSize(1);
            child.exits();
        }
    }
}
