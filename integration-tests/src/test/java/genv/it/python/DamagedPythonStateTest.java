// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.StateException;
import genv.it.check.Contents;
import genv.it.check.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that do not say what Genv's files say: reported with the place and what to do, left as they are, and nothing is given
 * out; or, where it cannot matter for who has what, read as far as they make sense.
 */
class DamagedPythonStateTest {
    private static final ActivationRequest ONE =
            ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("mine");

    private static final String ENV = """
        {"eid": "e44", "uid": 0, "creation": "22/11/2026 07:27:05", "username": "root",
         "config": {"name": "x", "gpu_memory": "4g", "gpus": 1}, "pids": [1], "kernel_ids": []}\
        """;
    private static final String DEVICE = """
        {"index": 0, "total_memory": "15258mi",
         "attachments": [{"eid": "e44", "gpu_memory": "4g", "time": "22/11/2026 07:27:05"}]}\
        """;

    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
        state.devices("", "");
    }

    static Stream<Arguments> damage() {
        String envs = "{\"envs\": [" + ENV + "]}";
        String devices = "{\"devices\": [" + DEVICE + "]}";
        Stream<String> cut = IntStream.range(0, 12).mapToObj(i -> envs.substring(0, envs.length() * i / 12));
        Stream<String> wrongEnvs = Stream.of(
                        List.of(
                                " \n",
                                "\0\0\0\0",
                                "[]",
                                "7",
                                "\"envs\"",
                                "{\"envs\": 3}",
                                "{\"envs\": [3]}",
                                "not json"),
                        List.of(envs + envs, envs + "]", "[".repeat(100_000), "{\"envs\":".repeat(100_000)),
                        List.of("{\"envs\": [], \"envs\": []}", "{\"envs\": [" + ENV + ", " + ENV + "]}"),
                        with(envs, "[1]", "[-5]", "[0]", "[2147483648]", "[99999999999999999999]", "[1.5]", "[true]"),
                        with(envs, "[1]", "null", "[null]"),
                        with(envs, "\"pids\": [1], ", "", "\"pid\": [1], "),
                        with(envs, "[" + ENV + "]", "null"),
                        with(envs, "[1]", "[NaN]", "[Infinity]", "[[1]]", "{\"1\": 1}", "[" + "9".repeat(5000) + "]"),
                        with(envs, "\"e44\"", "null", "\"\"", "[]", "{}", "true", "4.5"),
                        with(envs, "\"uid\": 0", "\"uid\": \"root\"", "\"uid\": {}", "\"uid\": 0, \"uid\": 1"),
                        with(envs, "\"22/11/2026 07:27:05\"", "0", "null", "\"now\"", "\"30/02/2026 07:27:05\""),
                        with(envs, "{\"name\": \"x\", \"gpu_memory\": \"4g\", \"gpus\": 1}", "[]", "7", "\"x\""),
                        with(envs, "\"x\"", "\"\u00ff\"", "\"\u00c0\u0080\"", "\"a\nb\"", "\"\\ud800x"))
                .flatMap(List::stream);
        Stream<String> wrongDevices = Stream.of(
                        with(
                                devices,
                                "\"index\": 0",
                                "\"index\": -1",
                                "\"index\": 0.5",
                                "\"index\": \"a\"",
                                "\"other\": 0"),
                        with(devices, "\"index\": 0", "\"index\": 0, \"index\": 1"),
                        with(devices, DEVICE, DEVICE + ", " + DEVICE, "null", "[]"),
                        with(devices, DEVICE, DEVICE + ", " + DEVICE.replaceFirst("(?s)\\[.*\\]", "[]")),
                        with(devices, "[" + DEVICE + "]", "null"),
                        with(devices, "\"attachments\": [", "\"attachments\": null, \"x\": [", "\"x\": ["),
                        with(devices, "\"e44\"", "null", "[]"),
                        with(devices, "\"22/11/2026 07:27:05\"", "null", "5"),
                        with(devices, "[{", "7, \"x\": [{"))
                .flatMap(List::stream);
        return Stream.of(
                        Stream.concat(cut, wrongEnvs).map(text -> Arguments.of("envs.json", shown(text), text)),
                        wrongDevices.map(text -> Arguments.of("devices.json", shown(text), text)))
                .flatMap(all -> all);
    }

    /** {@code text} with a part of it replaced by each of the others. */
    private static List<String> with(String text, String part, String... others) {
        assertThat(text).contains(part);
        return Stream.of(others).map(other -> text.replace(part, other)).toList();
    }

    private static String shown(String text) {
        return (text.length() > 300 ? text.substring(0, 40) + "… " + text.length() : text).replace('\0', '0');
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("damage")
    void shouldReportDamageAndLeaveItAsItIs(String name, String shown, String text) throws IOException {
        Path file = state.directory().resolve(name);
        byte[] sound = Files.readAllBytes(file);
        try (GenvHost host = state.open()) {
            host.activate(ONE).close(); // it knows what the files said before
            Files.write(file, text.getBytes(ISO_8859_1));
            var before = Contents.of(state.directory());
            for (ThrowingCallable call :
                    List.<ThrowingCallable>of(() -> host.activate(ONE), host::snapshot, state::open, host::snapshot)) {
                Refusal.of(StateException.class, call, "path=" + file, "bytes=", "left as it is");
            }
            assertThat(Contents.of(state.directory())).isEqualTo(before);
            Files.write(file, sound);
            try (Activation mended = host.activate(ONE)) {
                assertThat(mended.devices()).containsExactly(0);
            }
        }
    }

    // ---- strange, but no damage ------------------------------------------------------------------------------------

    /** Beyond what a state of this library holds, or given to nobody: kept, and nothing is given out by it. */
    @Test
    void shouldKeepDevicesBeyondThoseThatThereAre() throws IOException {
        state.envs(PythonState.env(
                "e44", now(), ProcessHandle.current().parent().orElseThrow().pid()));
        String far = DEVICE.replace("\"index\": 0", "\"index\": 500") + ", "
                + DEVICE.replace("\"index\": 0", "\"index\": 9999999999") + ", "
                + DEVICE.replace("\"index\": 0", "\"index\": 7");
        devices(DEVICE + ", " + far);
        try (GenvHost host = state.open();
                Activation mine = host.activate(ONE)) {
            assertThat(mine.devices()).containsExactly(1);
            assertThat(host.snapshot().env("e44").orElseThrow().devices()).containsExactly(0, 7);
            assertThat(host.snapshot().devices()).extracting(DeviceInfo::index).containsExactly(0, 1, 7);
            assertThat(state.devicesText()).contains("\"index\": 500", "\"index\": 9999999999", "\"index\": 7");
        }
    }

    @Test
    void shouldTakeADeviceThatAnEnvironmentHasTwiceBackFromItAltogether() throws IOException {
        state.envs(PythonState.env(
                "mine", now(), ProcessHandle.current().parent().orElseThrow().pid()));
        String twice = DEVICE.replace("e44", "mine").replaceFirst("(?s)\\[(.*)\\]", "[$1, $1]");
        devices(twice);
        try (GenvHost host = state.open();
                Activation joined =
                        host.activate(ActivationRequest.of(EnvConfig.empty()).eid("mine"))) {
            assertThat(joined.devices()).containsExactly(0);
            assertThat(host.detach(0)).isEmpty();
            assertThat(state.devicesText()).doesNotContain("eid");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "44",
                "\"a b\"",
                "\"../../etc/passwd\"",
                "\"\\u0000\\n\\ud800\"",
                "\"\\u00fc\\u4e2d\\ud83d\\ude00\"",
                "\"%s %d {0} \\\"\"",
                "LONG"
            })
    void shouldLiveWithAnyIdentifierNameAndUser(String asked) throws IOException {
        String text = asked.equals("LONG") ? "\"" + "x".repeat(100_000) + "\"" : asked;
        long pid = ProcessHandle.current().parent().orElseThrow().pid();
        String env = PythonState.env("e44", now(), pid)
                .replace("\"e44\"", text)
                .replace("\"x\"", text)
                .replace("\"root\"", text);
        state.envs(env);
        devices(DEVICE.replace("\"e44\"", text).replace("\"4g\"", "null"));
        try (GenvHost host = state.open();
                Activation mine = host.activate(ONE)) {
            assertThat(mine.devices()).containsExactly(1);
            List<EnvInfo> envs = host.snapshot().envs();
            assertThat(envs).hasSize(2).extracting(EnvInfo::devices).containsExactly(List.of(0), List.of(1));
            assertThat(host.snapshotJson()).contains("\"envs\"");
            Assertions.assertThatThrownBy(() -> host.attach(genv.api.DeviceRequest.index(0)))
                    .isInstanceOf(DevicesUnavailableException.class);
        }
        assertThat(state.envsText()).contains("\"eid\": " + text + ",").contains("\"name\": " + text + ",");
        assertThat(state.devicesText()).contains("\"eid\": " + text + ",");
    }

    @Test
    void shouldRemoveAnEnvironmentThatHasNoProcessAtAll() throws IOException {
        state.envs(PythonState.env("e44", now()));
        devices(DEVICE);
        try (GenvHost host = state.open()) {
            assertThat(host.snapshot().envs()).isEmpty();
            assertThat(state.envsText()).doesNotContain("e44");
            assertThat(state.devicesText()).doesNotContain("e44");
        }
    }

    private static LocalDateTime now() {
        return LocalDateTime.now(ZoneId.systemDefault());
    }

    private void devices(String list) throws IOException {
        Files.writeString(state.directory().resolve("devices.json"), "{\"devices\": [" + list + "]}", UTF_8);
    }
}
