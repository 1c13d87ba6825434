// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.LockMode;
import genv.api.Snapshot;
import genv.it.check.Eventually;
import genv.it.peer.Peer;
import genv.testkit.GenvHosts;
import genv.testkit.GenvTest;
import genv.testkit.SimulatedBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The snapshot as JSON says what the snapshot says, and is what its schema says. */
@GenvTest(devices = 3)
class SnapshotJsonTest {
    private static final Path FILE = Path.of(System.getProperty("genv.docs"), "snapshot.schema.json");
    private static final JsonMapper MAPPER = new JsonMapper();

    /** The schema, but with no key allowed that it does not describe. */
    private static Schema strictSchema() throws IOException {
        JsonNode schema = MAPPER.readTree(Files.readString(FILE));
        close(schema);
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema);
    }

    private static void close(JsonNode node) {
        if (node instanceof ObjectNode object && object.path("properties").isObject()) {
            object.put("additionalProperties", false);
        }
        node.forEach(SnapshotJsonTest::close);
    }

    private static List<Error> errors(String json) throws IOException {
        return strictSchema().validate(json, InputFormat.JSON);
    }

    @Test
    void shouldBeWhatTheSchemaSaysWithEverythingInIt(GenvHosts hosts, GenvHost host) throws Exception {
        try (Peer holder = Peer.beside(hosts);
                Peer waiter = Peer.beside(hosts)) {
            host.activate(ActivationRequest.of(EnvConfig.builder()
                            .name("a \\ \"quoted\" \u00e9\ud83d\ude00")
                            .gpus(1)
                            .gpuMemory("4g")
                            .build())
                    .eid("mine"));
            host.lock(LockMode.SHARE);
            holder.does("activate eid=whole gpus=1");
            holder.does("lock");
            waiter.does("activate eid=waiter");
            waiter.begins("attach index=1 wait=60000");
            Eventually.waiters(host, 1, 1);

            Instant before = Instant.now();
            String json = host.snapshotJson();
            Snapshot snapshot = host.snapshot();

            assertThat(errors(json)).isEmpty();
            assertThat(json).doesNotContain("\n").startsWith("{\"version\":1,\"taken\":\"");
            JsonNode tree = MAPPER.readTree(json);
            assertThat(Instant.parse(tree.get("taken").asString())).isBetween(before, Instant.now());
            assertThat(plain(tree.get("envs"))).isEqualTo(Plain.envs(snapshot));
            assertThat(plain(tree.get("devices"))).isEqualTo(Plain.devices(snapshot));
            assertThat(plain(tree.get("waiters"))).isEqualTo(Plain.waiters(snapshot));
            assertThat(snapshot.waiters()).hasSize(1);
        }
    }

    @Test
    void shouldBeWhatTheSchemaSaysWithNothingInIt(GenvHosts hosts) throws Exception {
        hosts.backend().setDevices(List.of());
        try (GenvHost empty = hosts.open(builder -> builder)) {
            String json = empty.snapshotJson();
            assertThat(errors(json)).isEmpty();
            assertThat(json).endsWith("\"envs\":[],\"devices\":[],\"waiters\":[]}");
        }
    }

    /** What of Genv's files a mapped state could not have. */
    @Test
    void shouldBeWhatTheSchemaSaysWithWhatOnlyGenvWrites(@TempDir Path directory) throws IOException {
        String longName = "x".repeat(1000);
        Files.writeString(directory.resolve("envs.json"), """
            {"envs": [
              {"eid": "book", "uid": null, "creation": "22/11/2026 07:27:05", "username": null, "config": null,
               "pids": [], "kernel_ids": ["k"]},
              {"eid": "%s", "uid": -5, "creation": "22/11/2026 07:27:05", "username": "\\ud83d\\ude00 \\n",
               "config": {"name": "", "gpu_memory": "-1g", "gpus": -1}, "pids": [%d], "kernel_ids": ["k"]}]}\
            """.formatted(
                        longName, ProcessHandle.current().pid()));
        Files.writeString(directory.resolve("devices.json"), """
            {"devices": [{"index": 1, "total_memory": "?", "attachments": [
              {"eid": "book", "gpu_memory": "lots", "time": "22/11/2026 07:27:05"},
              {"eid": "%s", "gpu_memory": "4g", "time": "22/11/2026 07:27:05"}]}]}\
            """.formatted(longName));
        GenvOptions options = GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(3, "16g"))
                .processEnvironment(false)
                .build();
        try (GenvHost host = GenvHost.open(options)) {
            String json = host.snapshotJson();
            assertThat(errors(json)).isEmpty();
            JsonNode envs = MAPPER.readTree(json).get("envs");
            assertThat(envs).hasSize(2);
            assertThat(envs.get(0).get("pids")).isEmpty();
            assertThat(envs.get(0).get("uid").asInt()).isEqualTo(-1);
            assertThat(envs.get(1).get("eid").asString()).isEqualTo(longName);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"version\":1 | \"version\":2",
                "\"index\":0 | \"index\":-1",
                "\"totalMemory\":16000000000 | \"totalMemory\":\"16g\"",
                "\"config\": | \"configuration\":",
                "\"uid\": | \"unknown\":1,\"uid\":",
                "Z\" | +01:00\"",
            })
    void shouldNotBeWhatTheSchemaSaysIfItWereOtherwise(String part, String instead, GenvHost host) throws Exception {
        host.activate();
        String json = host.snapshotJson();
        assertThat(errors(json)).isEmpty();
        assertThat(json).contains(part);
        assertThat(errors(json.replace(part, instead))).isNotEmpty();
    }

    private static Object plain(JsonNode node) {
        return MAPPER.treeToValue(node, Object.class);
    }

    @Test
    void shouldKeepTheOrderOfKeys(GenvHost host) {
        host.activate();
        JsonNode tree = MAPPER.readTree(host.snapshotJson());
        assertThat(tree.propertyNames()).containsExactly("version", "taken", "format", "envs", "devices", "waiters");
        assertThat(tree.get("envs").get(0).propertyNames())
                .containsExactly("eid", "uid", "username", "created", "config", "pids", "devices", "leaseEnd");
    }
}
