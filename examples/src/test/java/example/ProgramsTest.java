// SPDX-License-Identifier: Apache-2.0
package example;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.testkit.SimulatedBackend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs each program of the examples as its user would. */
class ProgramsTest {
    @TempDir
    Path directory;

    private final List<Program> programs = new ArrayList<>();

    @AfterEach
    void endPrograms() {
        programs.forEach(Program::close);
    }

    @Test
    void shouldGiveDeviceWhenOneIsFree() throws Exception {
        Program program = start(2, "OneGpu");
        assertThat(program.succeed())
                .containsExactly("environment " + program.pid() + " has devices [0]", "active: false");
    }

    @Test
    void shouldGiveDeviceWhenOnClassPath() throws Exception {
        Program program = track(Program.onClassPath(state(), 2, "OneGpu"));
        assertThat(program.succeed())
                .containsExactly("environment " + program.pid() + " has devices [0]", "active: false");
    }

    @Test
    void shouldPrintWhatIsRecorded() throws Exception {
        Program program = start(2, "RecordEvents");
        assertThat(program.succeed())
                .containsExactly(
                        program.pid() + " asked for 2: granted, devices 0,1",
                        "EXCLUSIVE lock on devices 0,1, longer than a minute: false");
    }

    @Test
    void shouldFindEventsInFileOfFlightRecorder() throws Exception {
        Path file = directory.resolve("genv.jfr");
        List<String> command = List.of(
                "-XX:StartFlightRecording:filename=" + file,
                "-Xlog:jfr*=off",
                "-p",
                Built.PROGRAMS + ":" + Built.MODULES,
                "--enable-native-access=genv.core,genv.nvml",
                "-m",
                "genv.examples/genv.examples.OneGpu");
        Map<String, String> devices = Map.of("GENV_MOCK_DEVICE_COUNT", "2");
        track(Program.java(state(), devices, command)).succeed();
        String jfr = Path.of(System.getProperty("java.home"), "bin", "jfr").toString();
        Program print =
                track(Program.start(state(), Map.of(), List.of(jfr, "print", "--categories", "genv", file.toString())));
        assertThat(print.succeed())
                .anyMatch(line -> line.startsWith("genv.StateOpen {"))
                .anyMatch(line -> line.startsWith("genv.Activation {"))
                .contains("  outcome = \"granted\"", "  devices = \"0\"")
                .noneMatch(line -> line.startsWith("jdk."));
    }

    @Test
    void shouldPrintSnapshotAsJson() throws Exception {
        assertThat(start(1, "SnapshotAsJson").succeed())
                .singleElement()
                .asString()
                .startsWith("{\"version\":1,\"taken\":\"")
                .contains("\"envs\":[],\"devices\":[{\"index\":0,")
                .endsWith("\"attachments\":[],\"lockHolders\":[],\"waiters\":[]}],\"waiters\":[]}");
    }

    @Test
    void shouldWaitWhenDevicesAreTaken() throws Exception {
        try (GenvHost host = openHost(2)) {
            Program waiting;
            try (Activation other = host.activate(EnvConfig.builder().gpus(1).build())) {
                waiting = start(2, "WaitForGpus");
                awaitWaiter(host, waiting.pid());
                assertThat(other.devices()).containsExactly(0);
            }
            assertThat(waiting.succeed()).containsExactly("got devices [0, 1]");
        }
    }

    @Test
    void shouldRefuseAtOnceWhenHostHasTooFewDevices() throws Exception {
        assertThat(start(1, "WaitForGpus").end(1))
                .singleElement()
                .asString()
                .startsWith("more devices are asked for than there are: asked=2 devices=1");
    }

    @Test
    void shouldShareDeviceWhenSharesFit() throws Exception {
        List<Program> sharing = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            sharing.add(start(2, "ShareMemory"));
        }
        List<String> given = new ArrayList<>();
        for (Program program : sharing) {
            given.add(program.firstLine());
        }
        for (Program program : sharing) {
            program.endInput();
            program.succeed();
        }
        assertThat(given)
                .as("four shares of 4g fit on a device of 16g, the fifth goes to the other one")
                .containsExactlyInAnyOrder(
                        "4g of device 0", "4g of device 0", "4g of device 0", "4g of device 0", "4g of device 1");
    }

    @Test
    void shouldTakeTurnsWhenDeviceIsOverSubscribed() throws Exception {
        Program one = start(1, "TakeTurns");
        Program other = start(1, "TakeTurns");
        for (Program program : List.of(one, other)) {
            assertThat(program.succeed())
                    .containsExactly(
                            "batch 0 on devices [0]",
                            "batch 1 on devices [0]",
                            "batch 2 on devices [0]",
                            "batch 3 on devices [0]",
                            "left device [0]");
        }
    }

    @Test
    void shouldRunTogetherWhileOneThatRunsAloneWaits() throws Exception {
        assertThat(start(1, "RunTogether").succeed())
                .containsExactly("together on [0]", "together on [0]", "alone on [0]");
    }

    @Test
    void shouldChooseDevicesByPolicy() throws Exception {
        assertThat(start(4, "ChooseGpus").succeed()).containsExactly("close together: [0, 1]", "highest: [3]");
    }

    @Test
    void shouldLoseDevicesWhenTheLeaseIsOver() throws Exception {
        assertThat(start(1, "LeaseGpus").succeed())
                .filteredOn(line -> !line.contains(" genv.core.") && !line.matches("(WARNING|INFO): .*"))
                .containsExactly(
                        "got [0]",
                        "about to lose [0]",
                        "about to lose [0]",
                        "lost [0]",
                        "left with []",
                        "attached again [0]");
    }

    /** Under the limits that the documentation shows. */
    @Test
    void shouldStayWithinTheLimitsOfTheDocumentation() throws Exception {
        Matcher shown = Pattern.compile("^```json\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(Files.readString(Built.ROOT.resolve("docs/limits.md")));
        assertThat(shown.find()).isTrue();
        Files.createDirectories(state());
        Files.setPosixFilePermissions(state(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Path file = Files.writeString(state().resolve("limits.json"), shown.group(1));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(start(4, "StayWithinLimits").succeed())
                .filteredOn(line -> !line.contains(" genv.core.") && !line.matches("(WARNING|INFO): .*"))
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("more devices than one environment may have: asked=3 limit=2 user=")
                                .endsWith("file=" + file + "; ask for less"),
                        line -> assertThat(line).isEqualTo("got [0, 1], to be given back: true"),
                        line -> assertThat(line).isEqualTo("requests that wait for a limit: 0"));
    }

    @Test
    void shouldRunAllTasksWhenThereAreFewerDevices() throws Exception {
        assertThat(start(3, "ManyTasks").succeed())
                .hasSize(8)
                .allSatisfy(line -> assertThat(line).matches("task [0-7] had devices \\[[0-2]]"));
    }

    @Test
    void shouldShareFourDevicesBetweenTasks() throws Exception {
        assertThat(start(4, "ManyTasks").succeed())
                .hasSize(8)
                .allSatisfy(line -> assertThat(line).matches("task [0-7] had devices \\[[0-3]]"));
    }

    @Test
    void shouldHaveMoreDevicesInAnInnerScope() throws Exception {
        assertThat(start(3, "NestedTasks").succeed())
                .containsExactly("prepare on [0]", "train on [1, 2]", "evaluate on [0], loss 0");
    }

    @Test
    void shouldGiveChildItsDevice() throws Exception {
        try (GenvHost host = openHost(2);
                Activation other = host.activate(EnvConfig.builder().gpus(1).build())) {
            assertThat(other.devices()).containsExactly(0);
            assertThat(start(2, "StartChild").succeed()).containsExactly("child sees 1", "child ended with status 0");
        }
    }

    @Test
    void shouldShowEnvironmentsAndDevices() throws Exception {
        try (GenvHost host = openHost(2);
                Activation env = host.activate(EnvConfig.builder().gpus(1).build())) {
            List<String> shown = start(2, "LookAtHost").succeed();
            assertThat(shown).hasSize(3);
            assertThat(shown.get(0))
                    .startsWith(env.eid() + " of ")
                    .endsWith(" has [0], members [" + ProcessHandle.current().pid() + "]");
            assertThat(shown.get(1)).endsWith(": attached to 1, locked by 0, waited for by 0");
            assertThat(shown.get(2)).endsWith(": attached to 0, locked by 0, waited for by 0");
        }
    }

    @Test
    void shouldCreateDirectoryOfGroupWhenAskedFor() throws Exception {
        Path group = directory.resolve("group");
        Program program = track(Program.onModulePath(state(), 1, "GroupHost", group.toString()));
        assertThat(program.succeed()).containsExactly("devices [0]");
        assertThat(Files.getPosixFilePermissions(group)).isEqualTo(PosixFilePermissions.fromString("rwxrwx---"));
    }

    private Path state() {
        return directory.resolve("state");
    }

    private Program start(int devices, String name) throws Exception {
        return track(Program.onModulePath(state(), devices, name));
    }

    private Program track(Program program) {
        programs.add(program);
        return program;
    }

    private GenvHost openHost(int devices) {
        return GenvHost.open(GenvOptions.builder()
                .stateDirectory(state())
                .backend(SimulatedBackend.of(devices))
                .processEnvironment(false)
                .build());
    }

    /** Returns when the process stands in the queue; a test that waits too long is ended by JUnit. */
    private static void awaitWaiter(GenvHost host, long pid) {
        while (host.snapshot().devices().stream()
                .flatMap(device -> device.waiters().stream())
                .noneMatch(waiter -> waiter.pid() == pid)) {
            LockSupport.parkNanos(1_000_000);
        }
    }
}
