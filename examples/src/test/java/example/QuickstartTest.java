// SPDX-License-Identifier: Apache-2.0
package example;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the script of the quick start on what was built. */
class QuickstartTest {
    private static final String END =
            "quickstart: done, and nothing is left behind: no environment, no attachment, no lock, no waiter";

    @TempDir
    Path directory;

    @Test
    void shouldGiveDifferentDevicesWhenThereAreTwo() throws Exception {
        List<String> output = quickstart("--simulated").succeed();
        assertThat(output.getFirst()).isEqualTo("quickstart: on simulated devices, as asked for");
        assertThat(output.getLast()).isEqualTo(END);
        assertThat(output)
                .anyMatch(line -> line.matches("quickstart-a \\(pid \\d+\\) sees quickstart-a with \\[([01])] and"
                        + " quickstart-b with \\[(?!\\1)[01]]"))
                .anyMatch(line -> line.matches("quickstart-b \\(pid \\d+\\) sees quickstart-b with \\[([01])] and"
                        + " quickstart-a with \\[(?!\\1)[01]]"))
                .anyMatch(line -> line.matches("quickstart-. \\(pid \\d+\\) turn 3 of 3: locks \\[0, 1]"));
        assertNothingIsLeft();
    }

    @Test
    void shouldOverSubscribeWhenThereIsOneDevice() throws Exception {
        List<String> output = quickstart("--simulated=1").succeed();
        assertThat(output.getLast()).isEqualTo(END);
        assertThat(output)
                .anyMatch(line -> line.contains("takes a device that others have: not enough devices are free"))
                .anyMatch(line -> line.contains("sees quickstart-a with [0] and quickstart-b with [0]"));
        assertNothingIsLeft();
    }

    @Test
    void shouldOverSubscribeWhenSchedulerShowsOneDevice() throws Exception {
        Map<String, String> variables = Map.of("GENV_MOCK_DEVICE_COUNT", "2", "CUDA_VISIBLE_DEVICES", "1");
        try (Program a = Program.onModulePath(directory, variables, "Quickstart", "a");
                Program b = Program.onModulePath(directory, variables, "Quickstart", "b")) {
            for (Program program : List.of(a, b)) {
                assertThat(program.succeed())
                        .anyMatch(line -> line.matches(".* sees quickstart-. with \\[1] and quickstart-. with \\[1]"));
            }
        }
    }

    @Test
    void shouldLeaveNothingInDirectoryOfHostWhenItIsUsed() throws Exception {
        Path state = directory.resolve("host");
        quickstart("--simulated", "--state", state.toString()).succeed();
        assertThat(Program.onModulePath(state, 2, "LookAtHost").succeed())
                .hasSize(2)
                .allMatch(line -> line.endsWith(": attached to 0, locked by 0, waited for by 0"));
    }

    @Test
    void shouldFailWhenDevicesCannotBeUsed() throws Exception {
        Program program = Program.start(
                directory,
                Map.of("GENV_MOCK_DEVICE_COUNT", "many", "TMPDIR", directory.toString()),
                command("--no-build"));
        assertThat(program.end(1).getLast()).startsWith("quickstart: the simulated devices cannot be used: ");
        assertNothingIsLeft();
    }

    @Test
    void shouldRefuseOptionsThatItDoesNotKnow() throws Exception {
        assertThat(quickstart("--simulated=0").end(1))
                .containsExactly("quickstart: --simulated wants a number of devices, 1 or more");
        assertThat(quickstart("--faster").end(2).getFirst()).startsWith("usage: ");
    }

    private Program quickstart(String... options) throws Exception {
        List<String> command = command("--no-build");
        command.addAll(List.of(options));
        return Program.start(directory, Map.of("TMPDIR", directory.toString()), command);
    }

    private static List<String> command(String option) {
        return new ArrayList<>(List.of(Built.ROOT.resolve("quickstart").toString(), option));
    }

    private void assertNothingIsLeft() throws Exception {
        try (Stream<Path> entries = Files.list(directory)) {
            assertThat(entries).isEmpty();
        }
    }
}
