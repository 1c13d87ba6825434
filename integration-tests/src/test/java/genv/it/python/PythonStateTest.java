// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DeviceRequest;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.MemorySize;
import genv.api.StateException;
import genv.api.StateFormat;
import genv.it.peer.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Directories of Python Genv: which store is used, and what becomes of what Genv has written. */
class PythonStateTest {
    private static final EnvConfig ONE = EnvConfig.builder().gpus(1).build();
    private static final LocalDateTime LONG_AGO = LocalDateTime.of(2020, 2, 3, 4, 5, 6);

    /** Above what a kernel gives out. */
    private static final long NO_PROCESS = 1L << 30;

    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
    }

    private static ActivationRequest as(String eid) {
        return ActivationRequest.of(ONE).eid(eid);
    }

    // ---- which store -----------------------------------------------------------------------------------------------

    @Test
    void shouldUseTheStateThatTheDirectoryHas() throws IOException {
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().format()).isEqualTo(StateFormat.JSON);
        }
        assertThat(state.directory().resolve("genv.state")).doesNotExist();
        Files.delete(state.directory().resolve("envs.json"));
        state.devices("", "");
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().format()).isEqualTo(StateFormat.JSON);
        }
        Files.delete(state.directory().resolve("devices.json"));
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().format()).isEqualTo(StateFormat.MAPPED);
        }
    }

    @Test
    void shouldNameBothWaysOutWhereThereAreTwoStates() throws IOException {
        Files.createFile(state.directory().resolve("genv.state"));
        assertThatThrownBy(state::open)
                .isInstanceOf(StateException.class)
                .hasMessageContainingAll("delete genv.state", "delete envs.json", "GENV_TMPDIR");
    }

    @Test
    void shouldConvertAnIdleDirectoryThereAndBack() throws IOException {
        state.devices("", "");
        GenvHost.convert(state.directory(), StateFormat.JSON);
        GenvHost.convert(state.directory(), StateFormat.MAPPED);
        assertThat(state.directory().resolve("envs.json")).doesNotExist();
        assertThat(state.directory().resolve("devices.json")).doesNotExist();
        assertThat(mode()).isEqualTo(01777);
        try (GenvHost host = state.open();
                Activation _ = host.activate(as("a"))) {
            assertThat(host.snapshot().format()).isEqualTo(StateFormat.MAPPED);
        }
        GenvHost.convert(state.directory(), StateFormat.JSON);
        assertThat(state.directory().resolve("genv.state")).doesNotExist();
        assertThat(mode()).isEqualTo(0777);
        assertThat(state.envsText()).isEqualTo("{\n  \"envs\": []\n}");
        try (GenvHost host = state.open();
                Activation _ = host.activate(as("a"))) {
            assertThat(host.snapshot().format()).isEqualTo(StateFormat.JSON);
        }
    }

    private int mode() throws IOException {
        return (Integer) Files.getAttribute(state.directory(), "unix:mode") & 07777;
    }

    @Test
    void shouldNotConvertWhatIsInUse() {
        try (GenvHost host = state.open();
                Activation _ = host.activate(as("a"))) {
            assertThatThrownBy(() -> GenvHost.convert(state.directory(), StateFormat.MAPPED))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("eids=[a]");
            assertThat(host.attached()).containsExactly(0);
        }
        GenvHost.convert(state.directory(), StateFormat.MAPPED);
        try (GenvHost host = state.open()) {
            assertThatThrownBy(() -> GenvHost.convert(state.directory(), StateFormat.JSON))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("in use");
            assertThat(state.directory().resolve("envs.json")).doesNotExist();
            try (Activation activation = host.activate(as("a"))) {
                assertThat(activation.devices()).containsExactly(0);
            }
        }
    }

    // ---- Genv's environments ---------------------------------------------------------------------------------------

    /** A process that plays a shell in which an environment was activated. */
    private static Process shell() throws IOException {
        return new ProcessBuilder("sleep", "1000").start();
    }

    @Test
    void shouldGiveNothingThatGenvHasGivenOut() throws Exception {
        Process shell = shell();
        try (GenvHost host = state.open()) {
            state.envs(PythonState.env("e44", LocalDateTime.now(ZoneId.systemDefault()), shell.pid()));
            state.devices("e44", "");
            EnvInfo env = host.snapshot().env("e44").orElseThrow();
            assertThat(env.pids()).containsExactly(shell.pid());
            assertThat(env.config())
                    .isEqualTo(EnvConfig.builder()
                            .name("x")
                            .gpuMemory("4g")
                            .gpus(1)
                            .build());
            assertThat(host.snapshot().device(0).orElseThrow().attachments())
                    .extracting(DeviceInfo.Attachment::eid, a -> a.gpuMemory().orElseThrow())
                    .containsExactly(org.assertj.core.groups.Tuple.tuple("e44", MemorySize.parse("4g")));
            try (Activation mine = host.activate(as("mine"))) {
                assertThat(mine.devices()).containsExactly(1);
                assertThatThrownBy(() -> host.attach(DeviceRequest.index(0)))
                        .isInstanceOf(DevicesUnavailableException.class);
            }
            try (Activation mine = host.activate(ActivationRequest.of(
                    EnvConfig.builder().gpus(1).gpuMemory("11g").build()))) {
                assertThat(mine.devices()).as("beside the 4g").containsExactly(0);
                assertThat(state.devicesText()).contains("\"gpu_memory\": \"11g\"");
            }
        } finally {
            shell.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldBeInTheEnvironmentOfTheShellThatItWasStartedIn() throws Exception {
        Process shell = shell();
        try {
            state.envs(PythonState.env("e44", LocalDateTime.now(ZoneId.systemDefault()), shell.pid()));
            state.devices("", "e44");
            try (Peer peer =
                    Peer.ofGenv(state.directory(), 2, child -> child.environment("GENV_ENVIRONMENT_ID", "e44"))) {
                assertThat(peer.does("active")).isEqualTo("true");
                assertThat(peer.does("eid")).isEqualTo("e44");
                assertThat(peer.does("attached")).isEqualTo("[1]");
                assertThat(peer.does("configuration")).contains("name=x", "gpus=1");
                assertThat(peer.does("lock")).isEqualTo("[1]");
                assertThat(FlockTool.isFree(state.directory().resolve("devices/1.lock")))
                        .isFalse();
                peer.does("unlock");
                state.devices("e44", "e44"); // genv attach, in the shell
                assertThat(peer.does("attached")).isEqualTo("[0, 1]");
                assertThat(peer.does("detach index=0")).isEqualTo("[1]");
                peer.exits();
            }
            assertThat(state.envsText()).contains("e44");
            assertThat(state.devicesText()).contains("e44");
        } finally {
            shell.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldGiveAPythonChildWhatItsSdkNeeds() {
        try (Peer peer = Peer.ofGenv(state.directory(), 2, child -> child)) {
            peer.does("activate eid=a gpus=1 memory=4g");
            assertThat(peer.does("childGetenv GENV_ENVIRONMENT_ID")).isEqualTo("a");
            assertThat(peer.does("childGetenv GENV_TMPDIR"))
                    .isEqualTo(state.directory().toString());
            assertThat(peer.does("childGetenv GENV_PYTHON")).isEqualTo("1");
            assertThat(peer.does("childGetenv CUDA_VISIBLE_DEVICES")).isEqualTo("0");
            peer.exits();
        }
    }

    @Test
    void shouldWriteDownWhoAndWhatItGives() throws Exception {
        try (GenvHost host = state.open();
                Activation _ = host.activate(as("a"))) {
            long pid = ProcessHandle.current().pid();
            assertThat(state.envsText())
                    .contains("\"eid\": \"a\"", "\"username\": \"" + System.getProperty("user.name") + "\"")
                    .contains("\"pids\": [\n        " + pid + "\n      ]", "\"kernel_ids\": []");
            assertThat(state.devicesText())
                    .as("all devices of the host, as Genv lists them")
                    .contains("\"index\": 0", "\"index\": 1", "\"total_memory\": \"15258mi\"");
            assertThat(Files.getPosixFilePermissions(state.directory().resolve("devices.json")))
                    .isEqualTo(PosixFilePermissions.fromString("rw-rw-rw-"));
        }
        assertThat(state.envsText()).isEqualTo("{\n  \"envs\": []\n}");
        assertThat(state.devicesText()).doesNotContain("\"eid\"");
    }

    // ---- the dead --------------------------------------------------------------------------------------------------

    @Test
    void shouldRemoveWhatADeadProcessLeft() throws Exception {
        state.envs(PythonState.env("dead", LocalDateTime.now(ZoneId.systemDefault()), NO_PROCESS));
        state.devices("dead gone", "gone");
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().envs()).isEmpty();
            assertThat(state.envsText()).doesNotContain("dead");
            assertThat(state.devicesText()).doesNotContain("dead").doesNotContain("gone");
        }
    }

    /** As the files are after the clock was set forward: the boot and the process seem younger than the environments. */
    @Test
    void shouldTakeNobodyForDeadWhoIsOlderThanTheBootByAClockThatCanBeSet() throws Exception {
        Process shell = shell();
        try {
            String eid = Long.toString(shell.pid()); // by default the creator's pid
            state.envs(
                    PythonState.env(eid, LONG_AGO, shell.pid()), PythonState.env("joined", LONG_AGO, 1, shell.pid()));
            state.devices(eid, "joined");
            try (GenvHost host = state.open()) {
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(() -> host.activate(as("mine"))).isInstanceOf(DevicesUnavailableException.class);
                }
                assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactlyInAnyOrder(eid, "joined");
                shell.destroyForcibly().waitFor();
                try (Activation mine = host.activate(as("mine"))) {
                    assertThat(mine.devices()).as("of whom no process lives").containsExactly(0);
                }
            }
        } finally {
            shell.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldNotTakeItselfForADeadProcessThatHadItsPid() throws Exception {
        long pid = ProcessHandle.current().pid();
        state.envs(PythonState.env(Long.toString(pid), LONG_AGO, pid));
        state.devices(Long.toString(pid), "");
        try (GenvHost host = state.open();
                Activation mine = host.activate(ActivationRequest.of(ONE))) {
            assertThat(mine.eid()).isEqualTo(Long.toString(pid));
            assertThat(mine.devices()).containsExactly(0);
            assertThat(host.snapshot().envs()).hasSize(1);
        }
    }

    @Test
    void shouldKeepAnEnvironmentThatLivesInANotebookKernel() throws Exception {
        String env = PythonState.env("book", LONG_AGO).replace("\"kernel_ids\": []", "\"kernel_ids\": [\"k1\"]");
        state.envs(env);
        state.devices("book");
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().env("book").orElseThrow().pids()).isEmpty();
            try (Activation mine = host.activate(as("a"))) {
                assertThat(mine.devices()).containsExactly(1);
            }
            assertThat(state.envsText()).contains("\"k1\"");
        }
    }

    // ---- damage ----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"envs\": [", "{\"envs\": 7}", "not json"})
    void shouldReportADamagedFileAndLeaveItAsItIs(String damaged) throws IOException {
        try (GenvHost host = state.open()) {
            Path envs = state.directory().resolve("envs.json");
            Files.writeString(envs, damaged);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> host.activate(as("a")))
                        .isInstanceOf(StateException.class)
                        .hasMessageContainingAll("path=" + envs, "left as it is");
            }
            assertThatThrownBy(host::snapshot).isInstanceOf(StateException.class);
            assertThat(envs).hasContent(damaged);
            state.envs();
            assertThat(host.snapshot().envs()).isEmpty();
        }
    }

    @Test
    void shouldLeaveTheOldFileWhereTheDiskIsFull() throws Exception {
        Path disk = Files.createDirectory(parent.resolve("disk"));
        Assumptions.assumeTrue(
                new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.toString())
                                .start()
                                .waitFor()
                        == 0,
                "needs the right to mount");
        try {
            PythonState full = PythonState.create(disk);
            full.devices("", "");
            try (GenvHost host = full.open()) {
                host.activate(as("a")).close();
                String envs = full.envsText();
                String devices = full.devicesText();
                Path ballast = full.directory().resolve("ballast");
                assertThatThrownBy(() -> Files.write(ballast, new byte[1 << 20]))
                        .isInstanceOf(IOException.class);
                assertThatThrownBy(() -> host.activate(as("b")))
                        .isInstanceOf(StateException.class)
                        .hasMessageContaining("the disk is full");
                assertThat(full.envsText()).isEqualTo(envs);
                assertThat(full.devicesText()).isEqualTo(devices);
                try (var files = Files.list(full.directory())) {
                    assertThat(files).noneMatch(file -> file.toString().endsWith(".tmp"));
                }
                Files.delete(ballast);
                try (Activation activation = host.activate(as("b"))) {
                    assertThat(activation.devices()).containsExactly(0);
                }
            }
        } finally {
            new ProcessBuilder("umount", disk.toString()).start().waitFor();
        }
    }

    // ---- containers ------------------------------------------------------------------------------------------------

    @Test
    void shouldFindItsDevicesInAContainerByTheLockFiles() throws Exception {
        Files.delete(state.directory().resolve("envs.json"));
        Path locks = Files.createDirectory(state.directory().resolve("devices"));
        Files.createFile(locks.resolve("1.lock"));
        try (Peer peer = Peer.ofGenv(
                state.directory(),
                2,
                child -> child.environment("GENV_CONTAINER", "1")
                        .environment("GENV_ENVIRONMENT_ID", "e44")
                        .environment("GENV_GPUS", "1"))) {
            assertThat(peer.does("active")).isEqualTo("true");
            assertThat(peer.does("attached")).isEqualTo("[1]");
            assertThat(peer.does("configuration")).contains("gpus=1");
            assertThat(peer.does("lock")).isEqualTo("[1]");
            assertThat(FlockTool.isFree(locks.resolve("1.lock"))).isFalse();
            peer.does("unlock");
            assertThat(peer.fails(genv.api.GenvException.class, "attach gpus=2"))
                    .contains("in a container", "do it there");
            peer.exits();
        }
        assertThat(Files.exists(state.directory().resolve("genv.state"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
        assertThat(List.of(locks.toFile().list())).containsExactly("1.lock");
    }
}
