// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The variables of a process in an environment: what {@code getenv} of the C library and what children see. */
@GenvTest(devices = 4)
class VariablesTest {
    private static final List<String> ALL = List.of(
            "GENV_ENVIRONMENT_ID",
            "GENV_ENVIRONMENT_NAME",
            "GENV_GPUS",
            "GENV_GPU_MEMORY",
            "CUDA_VISIBLE_DEVICES",
            "CUDA_DEVICE_ORDER",
            "GENV_PYTHON",
            "GENV_ENVS");

    private static final String NONE = "(none)";

    private static String native_(Peer peer, String name) {
        return peer.does("getenv " + name);
    }

    private static void exits(Peer peer) {
        try (peer) {
            peer.exits();
        }
    }

    // ---- the native environment of this process --------------------------------------------------------------------

    @Test
    void shouldSetTheNativeVariablesAndRemoveThem(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(hosts.stateDirectory(), 4, child -> child);
        peer.does("activate eid=a name=training gpus=2 memory=4g");
        assertThat(native_(peer, "GENV_ENVIRONMENT_ID")).isEqualTo("a");
        assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo("training");
        assertThat(native_(peer, "GENV_GPUS")).isEqualTo("2");
        assertThat(native_(peer, "GENV_GPU_MEMORY")).isEqualTo("4g");
        assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("0,1");
        assertThat(native_(peer, "CUDA_DEVICE_ORDER")).isEqualTo("PCI_BUS_ID");
        assertThat(native_(peer, "GENV_PYTHON")).isEqualTo("1");
        assertThat(native_(peer, "GENV_ENVS")).startsWith(hosts.stateDirectory().toString());
        peer.does("close");
        for (String name : ALL) {
            assertThat(native_(peer, name)).as(name).isEqualTo(NONE);
        }
        exits(peer);
    }

    @Test
    void shouldLeaveOutWhatIsNotConfigured(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(
                hosts.stateDirectory(),
                4,
                child -> child.environment("GENV_GPUS", "7").environment("GENV_ENVIRONMENT_NAME", "old"));
        peer.does("activate eid=a");
        assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo(NONE);
        assertThat(native_(peer, "GENV_GPUS")).isEqualTo(NONE);
        assertThat(native_(peer, "GENV_GPU_MEMORY")).isEqualTo(NONE);
        assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("-1");
        peer.does("close");
        assertThat(native_(peer, "GENV_GPUS")).isEqualTo("7");
        assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo("old");
        exits(peer);
    }

    @Test
    void shouldGiveEveryVariableBackWhatItHeldBefore(GenvHosts hosts) {
        UnaryOperator<genv.testkit.process.ChildJvm.Builder> set = child -> {
            for (String name : ALL) {
                child.environment(name, "before-" + name);
            }
            // this one being set would mean that an environment is active
            return child.withoutEnvironment("GENV_ENVIRONMENT_ID")
                    .environment("CUDA_VISIBLE_DEVICES", "3,1")
                    .environment("CUDA_DEVICE_ORDER", "FASTEST_FIRST");
        };
        Peer peer = Peer.ofGenv(hosts.stateDirectory(), 4, set);
        for (int i = 0; i < 2; i++) {
            peer.does("activate eid=a name=n gpus=1 memory=4g");
            assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("1");
            assertThat(native_(peer, "CUDA_DEVICE_ORDER")).isEqualTo("PCI_BUS_ID");
            assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo("n");
            peer.does("close");
            assertThat(native_(peer, "GENV_ENVIRONMENT_ID")).isEqualTo(NONE);
            assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("3,1");
            assertThat(native_(peer, "CUDA_DEVICE_ORDER")).isEqualTo("FASTEST_FIRST");
            for (String name :
                    List.of("GENV_ENVIRONMENT_NAME", "GENV_GPUS", "GENV_GPU_MEMORY", "GENV_PYTHON", "GENV_ENVS")) {
                assertThat(native_(peer, name)).isEqualTo("before-" + name);
            }
        }
        exits(peer);
    }

    @Test
    void shouldFollowWhatIsAttachedAndConfigured(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(hosts.stateDirectory(), 4, child -> child);
        peer.does("activate eid=a gpus=1");
        peer.does("attach index=2");
        assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("0,2");
        peer.does("detach index=0");
        assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("2");
        peer.does("detach");
        assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("-1");
        peer.does("configure name=m memory=2gi");
        assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo("m");
        assertThat(native_(peer, "GENV_GPU_MEMORY")).isEqualTo("2gi");
        assertThat(native_(peer, "GENV_GPUS")).isEqualTo(NONE);
        exits(peer);
    }

    @Test
    void shouldFollowOtherMembersWhenRefreshed(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(hosts.stateDirectory(), 4, child -> child);
        peer.does("activate eid=a gpus=1");
        try (Activation _ =
                hosts.host().activate(ActivationRequest.of(EnvConfig.empty()).eid("a"))) {
            hosts.host().attach(genv.api.DeviceRequest.index(3));
            assertThat(peer.does("attached")).isEqualTo("[0, 3]");
            assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("0");
            assertThat(peer.does("refreshAttached")).isEqualTo("[0, 3]");
            assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("0,3");
            hosts.host().configure(EnvConfig.builder().name("other").build());
            assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo(NONE);
            assertThat(peer.does("refreshConfiguration")).contains("other");
            assertThat(native_(peer, "GENV_ENVIRONMENT_NAME")).isEqualTo("other");
        }
        exits(peer);
    }

    @Test
    void shouldTouchNoVariableInATaskScope(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(hosts.stateDirectory(), 4, child -> child.environment("GENV_GPUS", "7"));
        assertThat(peer.does("call eid=t gpus=1")).isEqualTo("t [0]");
        for (String name : ALL) {
            assertThat(native_(peer, name)).isEqualTo(name.equals("GENV_GPUS") ? "7" : NONE);
        }
        exits(peer);
    }

    @Test
    void shouldTouchNoVariableWhereTheHostMayNot(GenvHosts hosts) {
        try (Peer peer = Peer.on(hosts.stateDirectory(), 4, "16g", child -> child)) {
            peer.does("activate eid=a gpus=1");
            for (String name : ALL) {
                assertThat(native_(peer, name)).isEqualTo(NONE);
            }
            assertThat(peer.does("childGetenv CUDA_VISIBLE_DEVICES")).isEqualTo("0");
            peer.exits();
        }
    }

    // ---- children --------------------------------------------------------------------------------------------------

    @Test
    void shouldGiveTheVariablesToChildrenHoweverTheyAreStarted(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(
                hosts.stateDirectory(),
                4,
                child -> child.environment("GENV_GPU_MEMORY", "9g").environment("X", "y"));
        peer.does("activate eid=a name=training gpus=2");
        Map<String, String> expected = Map.of(
                "GENV_ENVIRONMENT_ID",
                "a",
                "GENV_ENVIRONMENT_NAME",
                "training",
                "GENV_GPUS",
                "2",
                "CUDA_VISIBLE_DEVICES",
                "0,1",
                "CUDA_DEVICE_ORDER",
                "PCI_BUS_ID",
                "GENV_PYTHON",
                "1");
        for (String command : List.of("childGetenv ", "appliedGetenv ")) {
            expected.forEach((name, value) ->
                    assertThat(peer.does(command + name)).as(command + name).isEqualTo(value));
            assertThat(peer.does(command + "GENV_GPU_MEMORY"))
                    .as("it would speak of another environment")
                    .isEqualTo(NONE);
            assertThat(peer.does(command + "X")).isEqualTo("y");
            assertThat(peer.does(command + "GENV_TMPDIR"))
                    .isEqualTo(hosts.stateDirectory().toString());
        }
        exits(peer);
    }

    @Test
    void shouldGiveChildrenWhatIsAttachedWhenTheyAreStarted(GenvHosts hosts) {
        try (Activation activation = hosts.host()
                .activate(ActivationRequest.of(EnvConfig.builder().gpus(1).build())
                        .eid("a"))) {
            assertThat(activation.variables()).containsEntry("CUDA_VISIBLE_DEVICES", "0");
            Map<String, String> before = activation.variables();
            hosts.host().attach(genv.api.DeviceRequest.gpus(3));
            assertThat(activation.variables()).containsEntry("CUDA_VISIBLE_DEVICES", "0,1,2");
            assertThat(before).containsEntry("CUDA_VISIBLE_DEVICES", "0");
            ProcessBuilder builder = new ProcessBuilder("true");
            assertThat(activation.applyTo(builder)).isSameAs(builder);
            assertThat(builder.environment()).containsAllEntriesOf(activation.variables());
        }
    }

    @Test
    void shouldGiveChildrenUuidsOnceADeviceBelowIsKnownToBeLost(GenvHosts hosts) {
        GenvHost host = hosts.host();
        List<String> uuids = host.snapshot().devices().stream()
                .map(device -> device.uuid().orElseThrow())
                .toList();
        try (Activation activation = host.activate(
                ActivationRequest.of(EnvConfig.builder().gpus(3).build()).eid("a"))) {
            hosts.backend().lose(1, "test");
            assertThatThrownBy(() -> host.attach(genv.api.DeviceRequest.gpus(5)))
                    .isInstanceOf(genv.api.DevicesUnavailableException.class);
            assertThat(host.attached()).containsExactly(0, 1, 2);
            assertThat(activation.variables())
                    .as("1 is lost, and CUDA would call 3 by the index 2")
                    .containsEntry("CUDA_VISIBLE_DEVICES", uuids.get(0) + "," + uuids.get(2));
        }
        try (Activation activation = host.activate(
                ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("b"))) {
            assertThat(activation.variables()).containsEntry("CUDA_VISIBLE_DEVICES", "0");
        }
    }

    // ---- a scheduler's choice --------------------------------------------------------------------------------------

    @Test
    void shouldUseOnlyTheDevicesThatWereVisibleBefore(GenvHosts hosts) {
        Peer peer = Peer.ofGenv(hosts.stateDirectory(), 4, child -> child.environment("CUDA_VISIBLE_DEVICES", "3,1"));
        assertThat(peer.does("activate eid=a gpus=2")).isEqualTo("a [1, 3]");
        Refusal.isClear(peer.fails(IllegalArgumentException.class, "attach index=0"), "CUDA_VISIBLE_DEVICES=3,1");
        Refusal.isClear(peer.fails(genv.api.DevicesUnavailableException.class, "attach gpus=3"), "asked=3");
        Refusal.isClear(peer.fails(genv.api.DevicesUnavailableException.class, "attach gpus=3 over"), "asked=3");
        assertThat(hosts.host().snapshot().devices()).hasSize(4);
        peer.does("close");
        assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo("3,1");
        assertThat(peer.does("call eid=t gpus=1")).isEqualTo("t [1]");
        exits(peer);
    }

    @Test
    void shouldUseNoDeviceWhereNoneWasVisible(GenvHosts hosts) {
        for (String none : List.of("-1", "")) {
            Peer peer =
                    Peer.ofGenv(hosts.stateDirectory(), 4, child -> child.environment("CUDA_VISIBLE_DEVICES", none));
            peer.fails(genv.api.DevicesUnavailableException.class, "activate eid=a gpus=1");
            assertThat(native_(peer, "CUDA_VISIBLE_DEVICES")).isEqualTo(none);
            exits(peer);
        }
    }

    // ---- a container -----------------------------------------------------------------------------------------------

    @NotOnJson("pid namespaces")
    @Test
    void shouldSpeakOfTheDevicesOfTheHostInAContainer(GenvHosts hosts) {
        try (Activation outside = hosts.host()
                .activate(ActivationRequest.of(EnvConfig.builder().gpus(2).build())
                        .eid("outside"))) {
            assertThat(outside.devices()).containsExactly(0, 1);
            Peer inside = Peer.ofGenv(hosts.stateDirectory(), 4, child -> child.environment("GENV_CONTAINER", "1"));
            assertThat(inside.does("activate eid=inside gpus=1")).isEqualTo("inside [2]");
            assertThat(inside.does("attached")).isEqualTo("[2]");
            assertThat(hosts.host().snapshot().env("inside").orElseThrow().devices())
                    .containsExactly(2);
            assertThat(inside.does("getenv GENV_CONTAINER")).isEqualTo("1");
            exits(inside);
        }
    }
}
