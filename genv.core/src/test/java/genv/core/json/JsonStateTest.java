// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.EnvConfig;
import genv.api.StateException;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Member;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Genv's files are read, and what does not change in them stays as it was to the byte. */
class JsonStateTest {
    private static final String ENVS = """
        {
          "envs": [
            {
              "eid": "e44",
              "uid": 0,
              "creation": "22/11/2026 07:27:05",
              "username": "root",
              "config": {
                "name": "x",
                "gpu_memory": "4g",
                "gpus": 2
              },
              "pids": [
                6917
              ],
              "kernel_ids": []
            }
          ]
        }\
        """;

    private static final String DEVICES = """
        {
          "devices": [
            {
              "index": 0,
              "total_memory": "15258mi",
              "attachments": [
                {
                  "eid": "e44",
                  "gpu_memory": "4g",
                  "time": "22/11/2026 07:27:05"
                }
              ]
            }
          ]
        }\
        """;

    private static final Path DIRECTORY = Path.of("/state");

    /** Every pid is told by itself. */
    private static final EnvEntry.Members MEMBERS = new EnvEntry.Members() {
        @Override
        public Member member(String eid, long created, long pid) {
            return Member.adopted(1, pid, 2);
        }

        @Override
        public Member kernel(String eid, int number) {
            return Member.adopted(number, 0, 0);
        }
    };

    private final EnvIds ids = new EnvIds();

    private JsonState parse(@Nullable String envs, @Nullable String devices) {
        return JsonState.parse(
                DIRECTORY,
                envs == null ? null : envs.getBytes(UTF_8),
                devices == null ? null : devices.getBytes(UTF_8),
                MEMBERS,
                ids);
    }

    private JsonDraft draft(String envs, String devices) {
        return new JsonDraft(parse(envs, devices), 1, ids, List.of(), List::of);
    }

    private static String text(byte @Nullable [] printed) {
        return printed == null ? "(unchanged)" : new String(printed, UTF_8);
    }

    @Test
    void shouldReadWhatGenvWrites() {
        JsonState state = parse(ENVS, DEVICES);
        EnvBlock block = state.envs().getFirst().block();
        assertThat(block.eid()).isEqualTo("e44");
        assertThat(block.owner()).isEqualTo(new EnvBlock.Owner(0, "root"));
        assertThat(block.config())
                .isEqualTo(EnvConfig.builder().name("x").gpuMemory("4g").gpus(2).build());
        assertThat(block.members()).extracting(Member::pid).containsExactly(6917L);
        assertThat(block.devices()).isEqualTo(DeviceSet.of(0));
        assertThat(state.devices().getFirst().total()).isEqualTo(15258L << 20);
        assertThat(state.devices().getFirst().use().reserved()).isEqualTo(4_000_000_000L);
        assertThat(LocalTimes.print(block.created())).isEqualTo("22/11/2026 07:27:05");
    }

    @Test
    void shouldPrintWhatItHasReadToTheByte() {
        JsonState state = parse(ENVS, DEVICES);
        assertThat(text(state.printEnvs(state.envs()))).isEqualTo(ENVS);
        assertThat(text(state.printDevices(state.devices()))).isEqualTo(DEVICES);
    }

    @Test
    void shouldKeepWhatItDoesNotKnowWhereItStands() {
        String later = """
            "later": {
                    "a": 1.50,
                    "b": [
                      null,
                      true
                    ]
                  },
                  "uid": 0,\
            """;
        String colour = """
            "colour": "bl\\u00fc\\ud83d\\ude00",
                    "name": "x",\
            """;
        String envs = ENVS.replace("\"uid\": 0,", later)
                .replace("\"name\": \"x\",", colour)
                .replace("  \"envs\": [", "  \"version\": 3,\n  \"envs\": [");
        JsonDraft draft = draft(envs, DEVICES);
        EnvBlock block = draft.env(0);
        draft.put(block.withMember(Member.adopted(1, 7000, 2)));
        assertThat(text(draft.printEnvs())).isEqualTo(envs.replace("6917\n", "6917,\n        7000\n"));
        assertThat(text(draft.printDevices())).isEqualTo("(unchanged)");
    }

    /** What Python writes otherwise than Java would, or reads otherwise than it would write it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-0.0",
                "-0",
                "1e-07",
                "1e+22",
                "1E5",
                "0.10",
                "1e999",
                "NaN",
                "Infinity",
                "-Infinity",
                "18446744073709551616",
                "9223372036854775807",
                "-9223372036854775808",
                "\"\\u007f\"",
                "\"~ \\\\ \\\" \\n\\r\\t\\b\\f \\u0000\\u001b\\u00fc\\ud800\"",
                "{}",
                "[]"
            })
    void shouldKeepAnUnknownValueToTheByte(String value) {
        String envs = ENVS.replace("\"uid\": 0,", "\"later\": " + value + ",\n      \"uid\": 0,");
        String devices = DEVICES.replace("\"time\"", "\"later\": " + value + ",\n          \"time\"");
        JsonState state = parse(envs, devices);
        assertThat(text(state.printEnvs(state.envs()))).isEqualTo(envs);
        assertThat(text(state.printDevices(state.devices()))).isEqualTo(devices);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"uid\": 0 -> \"uid\": null",
                "\"uid\": 0,\n       -> ",
                "\"username\": \"root\" -> \"username\": null",
                "\"username\": \"root\",\n       -> ",
                "\"username\": \"root\" -> \"username\": 7",
                "\"kernel_ids\": [] -> \"kernel_ids\": null",
                "\"name\": \"x\",\n         -> ",
                "\"gpus\": 2 -> \"gpus\": \"2\"",
                "CONFIG -> null",
                "CONFIG -> {}"
            })
    void shouldKeepWhatIsNullOrMissingAsItIs(String change) {
        String[] parts = change.split(" -> ", -1);
        String part = parts[0].equals("CONFIG") ? ENVS.replaceFirst("(?s).*\"config\": (\\{.*?}).*", "$1") : parts[0];
        assertThat(ENVS).contains(part);
        String envs = ENVS.replace(part, parts[1]);
        JsonDraft draft = draft(envs, DEVICES);
        draft.put(draft.env(0).withMember(Member.adopted(1, 7000, 2)));
        assertThat(text(draft.printEnvs())).isEqualTo(envs.replace("6917\n", "6917,\n        7000\n"));
    }

    @Test
    void shouldWriteAWholeConfigurationWhereOneWasChanged() {
        JsonDraft draft = draft(ENVS.replaceFirst("(?s)\\{\\s+\"name\".*?}", "null"), DEVICES);
        draft.put(draft.env(0)
                .withConfig(
                        EnvConfig.builder().name("x").gpuMemory("4g").gpus(2).build()));
        assertThat(text(draft.printEnvs())).isEqualTo(ENVS);
    }

    @Test
    void shouldWriteAnEnvironmentAsGenvDoes() {
        JsonDraft draft = draft("{\n  \"envs\": []\n}", DEVICES.replaceFirst("(?s)\\[\\s+\\{\\s+\"eid\".*?\\]", "[]"));
        long now = parse(ENVS, null).envs().getFirst().block().created() + 999;
        EnvBlock block = EnvBlock.create(
                        draft.nextVersion(),
                        "e44",
                        new EnvBlock.Owner(0, "root"),
                        now,
                        EnvConfig.builder().name("x").gpuMemory("4g").gpus(2).build(),
                        Member.seated(6917, 6917, 2))
                .withDevices(DeviceSet.of(0), false, now);
        draft.put(block);
        assertThat(text(draft.printEnvs())).isEqualTo(ENVS);
        assertThat(text(draft.printDevices())).isEqualTo(DEVICES);
    }

    @Test
    void shouldReadTheMapsOfOlderFiles() {
        String envs = """
            {"envs": {"e44": {"uid": 0, "creation": "22/11/2026 07:27:05", "username": "root",
              "config": {"name": null, "gpu_memory": null, "gpus": null}, "pids": [6917]}}}\
            """;
        String devices = """
            {"0": {"total_memory": "15258mi", "attachments": {"e44": {"gpu_memory": null,
              "time": "22/11/2026 07:27:05"}}}}\
            """;
        JsonState state = parse(envs, devices);
        EnvBlock block = state.envs().getFirst().block();
        assertThat(block.eid()).isEqualTo("e44");
        assertThat(block.config()).isEqualTo(EnvConfig.empty());
        assertThat(block.devices()).isEqualTo(DeviceSet.of(0));
        assertThat(state.devices().getFirst().use().whole()).isOne();
        assertThat(text(state.printDevices(state.devices())))
                .isEqualTo(DEVICES.replace("\"gpu_memory\": \"4g\"", "\"gpu_memory\": null"));
        assertThat(text(parse(text(state.printEnvs(state.envs())), null).printEnvs(state.envs())))
                .contains("\"eid\": \"e44\"", "\"kernel_ids\": []");
    }

    @Test
    void shouldLeaveOutAttachmentsOfEnvironmentsThatAreGone() {
        JsonDraft draft = draft("{\"envs\": []}", DEVICES);
        assertThat(draft.use(0).population()).isZero();
        assertThat(text(draft.printDevices())).contains("\"attachments\": []");
        assertThat(draft.printEnvs()).isNull();
    }

    @Test
    void shouldReserveWhatTheAttachmentSaysAndNotTheConfiguration() {
        JsonDraft draft = draft(ENVS.replace("\"4g\"", "\"1g\""), DEVICES);
        assertThat(draft.use(0).reserved()).isEqualTo(4_000_000_000L);
        assertThat(draft.share(draft.env(0), 0)).isEqualTo(4_000_000_000L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1g", "0", "lots", "1e99t"})
    void shouldGiveNoRoomToOthersWhereAShareIsImpossible(String share) {
        JsonDraft draft = draft(ENVS.replace("4g", share), DEVICES.replace("4g", share));
        assertThat(draft.use(0).whole()).isOne();
        assertThat(draft.env(0).config().gpuMemory()).isEmpty();
        EnvBlock block = draft.env(0);
        draft.put(block.withMember(Member.adopted(1, 7000, 2)));
        assertThat(text(draft.printEnvs())).contains("\"" + share + "\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "null",
                "[]",
                "{\"envs\": 3}",
                "{\"envs\": [3]}",
                "{\"other\": 1}",
                "{\"envs\": [{}]}",
                "{\"envs\": [{\"eid\": \"a\"}]}",
                "{\"envs\": [{\"eid\": \"a\", \"creation\": \"2026-11-22\"}]}",
                "{\"envs\": [{\"eid\": \"a\", \"creation\": \"31/02/2026 00:00:00\"}]}",
                "{\"envs\": [{\"eid\": \"a\", \"creation\": \"22/11/2026 07:27:05\", \"pids\": [\"x\"]}]}",
                "{\"envs\": []} {",
                "{\"envs\": null}",
                "{\"envs\": [], \"a\": +Infinity}",
                "{\"envs\": [], \"a\": 1, \"a\": 1}",
                "{\"envs\": [{\"eid\": \"a\", \"creation\": \"22/11/2026 07:27:05\", \"pids\": null}]}",
                "{\"envs\": [{\"eid\": \"a\", \"creation\": \"22/11/2026 07:27:05\", \"kernel_ids\": [\"k\"]}]}",
                "\0\0\0\0"
            })
    void shouldSayWhatIsWrongAndWhatToDo(String damaged) {
        assertThatThrownBy(() -> parse(damaged, null))
                .isInstanceOf(StateException.class)
                .hasMessageContainingAll("path=/state/envs.json", "left as it is", "move it away");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"devices\": null}",
                "{\"devices\": [{\"index\": 0, \"attachments\": null}]}",
                "{\"devices\": [{\"index\": 0}]}"
            })
    void shouldNotTakeAMissingListOfDevicesForNone(String damaged) {
        assertThatThrownBy(() -> parse(ENVS, damaged))
                .isInstanceOf(StateException.class)
                .hasMessageContainingAll(
                        "path=/state/devices.json", "a list is missing", "at=devices", "left as it is");
    }

    @Test
    void shouldNameThePlaceOfADamage() {
        assertThatThrownBy(() -> parse(ENVS, DEVICES.substring(0, 100)))
                .isInstanceOf(StateException.class)
                .hasMessageContainingAll("path=/state/devices.json", "line=", "column=", "bytes=100");
    }
}
