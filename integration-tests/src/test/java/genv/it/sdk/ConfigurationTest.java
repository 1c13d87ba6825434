// SPDX-License-Identifier: Apache-2.0
package genv.it.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.MemorySize;
import genv.api.NotActiveException;
import genv.it.check.NotOnJson;
import genv.it.check.Refusal;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code configure}, {@code configuration}, {@code refreshConfiguration}, and {@code .genv} directories. */
@GenvTest
class ConfigurationTest {
    private static final EnvConfig FULL =
            EnvConfig.builder().name("training").gpus(1).gpuMemory("4g").build();

    private static List<MemorySize> shares(GenvHost host, int device) {
        return host.snapshot().device(device).orElseThrow().attachments().stream()
                .flatMap(attachment -> attachment.gpuMemory().stream())
                .toList();
    }

    // ---- configure -------------------------------------------------------------------------------------------------

    @Test
    void shouldReplaceTheWholeConfiguration(GenvHost host) {
        try (Activation activation = host.activate(FULL)) {
            EnvConfig other = EnvConfig.builder().gpus(2).build();
            host.configure(other);
            assertThat(host.configuration()).isEqualTo(other);
            assertThat(host.refreshConfiguration()).isEqualTo(other);
            assertThat(activation.configuration()).isEqualTo(other);
            assertThat(host.snapshot().env(activation.eid()).orElseThrow().config())
                    .isEqualTo(other);
            host.configure(EnvConfig.empty());
            assertThat(host.configuration()).isEqualTo(EnvConfig.empty());
        }
    }

    @Test
    void shouldLeaveTheNumberOfAttachedDevicesToAttachAndDetach(GenvHost host) {
        try (Activation activation = host.activate(FULL)) {
            host.configure(FULL.toBuilder().gpus(2).build());
            assertThat(activation.devices()).containsExactly(0);
            assertThat(host.attach()).containsExactly(0, 1);
            host.configure(FULL.toBuilder().gpus(0).build());
            assertThat(activation.devices()).containsExactly(0, 1);
        }
    }

    @Test
    void shouldResizeWhatIsAttached(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Activation activation = host.activate(FULL)) {
            host.configure(FULL.toBuilder().gpuMemory("12g").build());
            assertThat(shares(host, 0)).containsExactly(MemorySize.parse("12g"));
            GenvHost other = hosts.open();
            try (Activation neighbour =
                    other.activate(ActivationRequest.of(FULL).eid("b"))) {
                assertThat(neighbour.devices()).isEqualTo(activation.devices()); // 12g and 4g of 16g
            }
            EnvConfig five = FULL.toBuilder().gpuMemory("5g").build();
            try (Activation neighbour =
                    other.activate(ActivationRequest.of(five).eid("b"))) {
                assertThat(neighbour.devices()).containsExactly(1); // 12g and 5g is too much
            }
        }
    }

    @Test
    void shouldGiveRoomBackWhenTheShareShrinks(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Activation activation = host.activate(EnvConfig.builder().gpus(1).build())) {
            host.configure(FULL);
            GenvHost other = hosts.open();
            EnvConfig rest = FULL.toBuilder().gpuMemory("12g").build();
            try (Activation neighbour =
                    other.activate(ActivationRequest.of(rest).eid("b"))) {
                assertThat(neighbour.devices()).isEqualTo(activation.devices());
                assertThat(shares(host, 0)).containsExactly(MemorySize.parse("4g"), MemorySize.parse("12g"));
            }
        }
    }

    @NotOnJson("the exact size of a device")
    @Test
    void shouldRefuseAShareThatDoesNotFitAndChangeNothing(GenvHosts hosts) {
        GenvHost host = hosts.host();
        EnvConfig both = FULL.toBuilder().gpus(2).build();
        try (Activation activation = host.activate(both);
                Activation _ = hosts.open().activate(ActivationRequest.of(both).eid("b"))) {
            EnvConfig large =
                    both.toBuilder().name("larger").gpuMemory("12500m").build();
            Refusal.on(host, DevicesUnavailableException.class, () -> host.configure(large), "12500m", "16g");
            EnvConfig whole = EnvConfig.builder().gpus(2).build();
            Refusal.on(host, DevicesUnavailableException.class, () -> host.configure(whole), "whole");
            assertThat(host.configuration()).isEqualTo(both);
            assertThat(activation.configuration()).isEqualTo(both);
            host.configure(both.toBuilder().gpuMemory("12g").build());
        }
    }

    @Test
    void shouldRefuseToConfigureWhereNothingIsActive(GenvHost host) {
        Refusal.on(host, NotActiveException.class, () -> host.configure(FULL));
        Refusal.on(host, NotActiveException.class, host::configuration);
        Refusal.on(host, NotActiveException.class, host::refreshConfiguration);
        Refusal.on(host, NotActiveException.class, host::loadConfiguration);
        Refusal.on(host, NotActiveException.class, host::saveConfiguration);
    }

    @Test
    void shouldSeeWhatAnotherProcessConfigures(GenvHosts hosts) {
        GenvHost host = hosts.host();
        try (Activation activation = host.activate(ActivationRequest.of(FULL).eid("a"));
                Peer peer = Peer.beside(hosts)) {
            assertThat(peer.does("activate eid=a")).isEqualTo("a [0]");
            peer.does("configure name=other gpus=2 memory=8g");
            EnvConfig other =
                    EnvConfig.builder().name("other").gpus(2).gpuMemory("8g").build();
            assertThat(host.configuration()).isEqualTo(other);
            assertThat(host.refreshConfiguration()).isEqualTo(other);
            assertThat(activation.configuration()).isEqualTo(other);
            peer.exits();
        }
    }

    // ---- .genv -----------------------------------------------------------------------------------------------------

    private static Path genv(GenvHosts hosts) throws IOException {
        return Files.createDirectory(hosts.workingDirectory().resolve(".genv"));
    }

    @Test
    void shouldFindTheConfigurationDirectoryOfTheWorkingDirectory(GenvHosts hosts) throws IOException {
        Path made = genv(hosts);
        assertThat(hosts.host().home()).contains(made);
    }

    @Test
    void shouldSaveIntoANewDirectoryAndLoadFromIt(GenvHosts hosts) throws IOException {
        // another process with an empty home directory: this user's real one may have a .genv
        Path home = Files.createDirectory(hosts.workingDirectory().resolve("home"));
        Path work = Files.createDirectory(hosts.workingDirectory().resolve("work"));
        try (Peer peer = Peer.on(
                hosts.stateDirectory(),
                2,
                "16g",
                child -> child.workingDirectory(work).jvmOptions("-Duser.home=" + home))) {
            assertThat(peer.does("home")).isEmpty();
            peer.does("activate eid=a name=training gpus=1 memory=4g");
            assertThat(peer.fails(GenvException.class, "loadConfiguration")).contains(".genv");
            peer.does("saveConfiguration");
            Path genv = work.resolve(".genv");
            assertThat(peer.does("home")).isEqualTo(genv.toString());
            assertThat(genv.resolve("name")).hasContent("training\n");
            assertThat(genv.resolve("gpus")).hasContent("1\n");
            assertThat(genv.resolve("gpu-memory")).hasContent("4g\n");
            peer.does("configure gpus=2");
            assertThat(peer.does("loadConfiguration")).contains("training", "gpus=1", "4g");
            assertThat(peer.does("configuration")).contains("training", "gpus=1", "4g");
            peer.does("configure gpus=2");
            peer.does("saveConfiguration");
            assertThat(genv).isDirectoryNotContaining("glob:**name").isDirectoryNotContaining("glob:**gpu-memory");
            assertThat(genv.resolve("gpus")).hasContent("2\n");
            peer.exits();
        }
    }

    @Test
    void shouldPreferTheWorkingDirectoryToTheHomeDirectory(GenvHosts hosts) throws IOException {
        Path home = Files.createDirectory(hosts.workingDirectory().resolve("home"));
        Path work = Files.createDirectory(hosts.workingDirectory().resolve("work"));
        Path ofHome = Files.createDirectory(home.resolve(".genv"));
        Files.writeString(ofHome.resolve("name"), "home");
        try (Peer peer = Peer.on(
                hosts.stateDirectory(),
                2,
                "16g",
                child -> child.workingDirectory(work).jvmOptions("-Duser.home=" + home))) {
            peer.does("activate");
            assertThat(peer.does("home")).isEqualTo(ofHome.toString());
            assertThat(peer.does("loadConfiguration")).contains("name=home");
            Path ofWork = Files.createDirectory(work.resolve(".genv"));
            Files.writeString(ofWork.resolve("gpus"), " 2 \n");
            assertThat(peer.does("home")).isEqualTo(ofWork.toString());
            assertThat(peer.does("loadConfiguration")).contains("gpus=2").doesNotContain("home");
            peer.exits();
        }
    }

    @Test
    void shouldResizeWhatIsAttachedWhenItLoads(GenvHosts hosts) throws IOException {
        Path genv = genv(hosts);
        Files.writeString(genv.resolve("gpu-memory"), "10g\n");
        GenvHost host = hosts.host();
        try (Activation _ = host.activate(FULL)) {
            assertThat(host.loadConfiguration())
                    .isEqualTo(EnvConfig.builder().gpuMemory("10g").build());
            assertThat(shares(host, 0)).containsExactly(MemorySize.parse("10g"));
            try (Activation _ = hosts.open()
                    .activate(ActivationRequest.of(
                                    FULL.toBuilder().gpuMemory("6g").build())
                            .eid("b"))) {
                Files.writeString(genv.resolve("gpu-memory"), "11g\n");
                Refusal.on(host, DevicesUnavailableException.class, host::loadConfiguration, "11g");
            }
        }
    }

    @Test
    void shouldRefuseToLoadWhatIsNoValue(GenvHosts hosts) throws IOException {
        Path genv = genv(hosts);
        GenvHost host = hosts.host();
        try (Activation _ = host.activate(FULL)) {
            Files.writeString(genv.resolve("gpus"), "-1\n");
            Refusal.on(
                    host,
                    GenvException.class,
                    host::loadConfiguration,
                    genv.resolve("gpus").toString());
            Files.writeString(genv.resolve("gpus"), "two");
            Refusal.on(
                    host,
                    GenvException.class,
                    host::loadConfiguration,
                    genv.resolve("gpus").toString(),
                    "two");
            Files.writeString(genv.resolve("gpus"), "1");
            Files.writeString(genv.resolve("gpu-memory"), "4GB");
            Refusal.on(
                    host,
                    GenvException.class,
                    host::loadConfiguration,
                    genv.resolve("gpu-memory").toString(),
                    "4GB");
            assertThat(host.configuration()).isEqualTo(FULL);
        }
    }

    // ---- shares ----------------------------------------------------------------------------------------------------

    @Test
    void shouldPutSharesOnOneDeviceAsLongAsTheirSumFits(GenvHosts hosts) {
        EnvConfig third = EnvConfig.builder().gpus(1).gpuMemory("5g").build();
        for (int i = 0; i < 6; i++) {
            Activation activation =
                    hosts.open().activate(ActivationRequest.of(third).eid("e" + i));
            assertThat(activation.devices()).containsExactly(i / 3);
        }
        GenvHost host = hosts.host();
        Refusal.on(
                host,
                DevicesUnavailableException.class,
                () -> host.activate(ActivationRequest.of(third).eid("e6")),
                "asked=1");
        try (Activation rest = host.activate(
                ActivationRequest.of(third.toBuilder().gpuMemory("1g").build()).eid("e6"))) {
            assertThat(rest.devices()).containsExactly(0);
        }
        assertThat(host.snapshot().device(1).orElseThrow().attachments())
                .extracting(DeviceInfo.Attachment::eid)
                .containsExactly("e3", "e4", "e5");
    }

    @Test
    void shouldTakeTheWholeDeviceWithoutAShare(GenvHosts hosts) {
        GenvHost host = hosts.host();
        EnvConfig tiny = EnvConfig.builder().gpus(1).gpuMemory("1").build();
        try (Activation _ = hosts.open().activate(ActivationRequest.of(tiny).eid("b"))) {
            EnvConfig whole = EnvConfig.builder().gpus(2).build();
            Refusal.on(host, DevicesUnavailableException.class, () -> host.activate(whole), "asked=2");
            try (Activation activation =
                    host.activate(EnvConfig.builder().gpus(1).build())) {
                assertThat(activation.devices()).containsExactly(1);
                GenvHost third = hosts.open();
                Refusal.on(
                        third,
                        DevicesUnavailableException.class,
                        () -> third.activate(
                                ActivationRequest.of(tiny.toBuilder().gpus(2).build())
                                        .eid("c")),
                        "asked=2");
            }
        }
    }

    @Test
    void shouldNotLookAtMemoryWhenItOverSubscribes(GenvHosts hosts) {
        GenvHost host = hosts.host();
        EnvConfig most = EnvConfig.builder().gpus(2).gpuMemory("10g").build();
        try (Activation _ = hosts.open().activate(ActivationRequest.of(most).eid("b"));
                Activation activation = host.activate(ActivationRequest.of(most).overSubscribed())) {
            assertThat(activation.devices()).containsExactly(0, 1);
            host.configure(most.toBuilder().gpuMemory("15g").build());
            assertThat(host.detach(0)).containsExactly(1);
            Refusal.on(host, DevicesUnavailableException.class, () -> host.attach(DeviceRequest.index(0)), "asked=1");
            assertThat(host.attach(DeviceRequest.index(0).overSubscribed())).containsExactly(0, 1);
        }
    }
}
