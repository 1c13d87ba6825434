// SPDX-License-Identifier: Apache-2.0
package genv.it.processes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import genv.api.DeviceInfo;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.Snapshot;
import genv.it.check.Eventually;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** {@link MainJob}, a plain program, started twice at the same time. */
@GenvTest
class MainJobTest {
    /** One run of the program. */
    private record Run(Process process, BufferedReader output) implements AutoCloseable {
        static Run start(GenvHosts hosts, Path turn, Path count) throws IOException {
            ProcessBuilder builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    // no file is shared with other JVMs, of which they might warn each other among what the program
                    // says
                    "-XX:-UsePerfData",
                    "--enable-native-access=ALL-UNNAMED",
                    "--illegal-native-access=deny",
                    "-cp",
                    System.getProperty("java.class.path"),
                    MainJob.class.getName(),
                    turn.toString(),
                    count.toString());
            builder.environment().keySet().removeIf(name -> name.startsWith("GENV_") || name.startsWith("CUDA_"));
            builder.environment().put("GENV_TMPDIR", hosts.stateDirectory().toString());
            builder.environment().put("GENV_MOCK_DEVICE_COUNT", "2");
            builder.redirectError(ProcessBuilder.Redirect.INHERIT);
            Process process = builder.start();
            return new Run(process, process.inputReader(UTF_8));
        }

        String says(String word) throws IOException {
            String line = String.valueOf(output.readLine());
            assertThat(line).startsWith(word + " ");
            return line.substring(word.length() + 1);
        }

        void goOn() throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly();
            output.close();
        }
    }

    @Test
    void shouldShareTheHostAndLeaveNothingBehind(GenvHosts hosts) throws Exception {
        GenvHost host = hosts.host();
        Path turn = hosts.workingDirectory().resolve("turn");
        Path count = Files.writeString(hosts.workingDirectory().resolve("count"), "0");
        try (Run first = Run.start(hosts, turn, count);
                Run second = Run.start(hosts, turn, count)) {
            List<Run> both = List.of(first, second);

            assertThat(List.of(first.says("given"), second.says("given")))
                    .as("different devices")
                    .containsExactlyInAnyOrder("0", "1");
            for (Run run : both) {
                run.goOn();
                assertThat(run.says("sees")).isEqualTo("2");
            }
            assertThat(host.snapshot().envs())
                    .extracting(EnvInfo::eid)
                    .containsExactlyInAnyOrder(
                            Long.toString(first.process().pid()),
                            Long.toString(second.process().pid()));

            first.goOn();
            second.goOn();
            assertThat(first.says("shares")).isEqualTo("2");
            assertThat(second.says("shares")).isEqualTo("2");
            Snapshot shared = host.snapshot();
            assertThat(shared.devices())
                    .allSatisfy(device -> assertThat(device.attachments())
                            .extracting(DeviceInfo.Attachment::eid)
                            .hasSize(2)
                            .doesNotHaveDuplicates());

            first.goOn();
            second.goOn();
            assertThat(first.says("took")).isEqualTo("100");
            assertThat(second.says("took")).isEqualTo("100");
            assertThat(count).hasContent("200");

            for (Run run : both) {
                run.goOn();
                assertThat(run.says("left")).isEqualTo("false");
                assertThat(run.process().waitFor(1, TimeUnit.MINUTES)).isTrue();
                assertThat(run.process().exitValue()).isZero();
            }
        }
        assertThat(Eventually.isEmpty(host.snapshot()))
                .as("nothing is left behind")
                .isTrue();
    }

    /** So that the program is what it says. */
    @Test
    void shouldNameOnlyTheApi() throws IOException {
        try (var source = MainJob.class.getResourceAsStream("MainJob.class")) {
            assertThat(source).isNotNull();
            String constants = new String(source.readAllBytes(), java.nio.charset.StandardCharsets.ISO_8859_1);
            assertThat(constants)
                    .contains("genv/api/Genv")
                    .doesNotContain("genv/core", "genv/testkit", "genv/nvml", "genv/api/spi");
        }
    }
}
