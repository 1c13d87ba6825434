// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceInfo;
import genv.api.DevicesUnavailableException;
import genv.api.EnvConfig;
import genv.api.GenvHost;
import genv.api.MemorySize;
import genv.it.check.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An environment has another share of a device than it is configured to: Genv configures without resizing. */
class PythonSharesTest {
    private static final String WHOLE = "null";

    @TempDir
    private Path parent;

    private PythonState state;

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
        state.devices("", "");
    }

    private static EnvConfig one(String share) {
        EnvConfig.Builder builder = EnvConfig.builder().gpus(1);
        return share.equals(WHOLE) ? builder.build() : builder.gpuMemory(share).build();
    }

    private static ActivationRequest as(String eid, String share) {
        return ActivationRequest.of(one(share)).eid(eid);
    }

    /** What is attached becomes another share; what is configured stays. */
    private void attach(String configured, String attached) throws IOException {
        String now = "\"gpu_memory\": " + quoted(configured);
        assertThat(state.devicesText()).containsOnlyOnce(now);
        Files.writeString(
                state.directory().resolve("devices.json"),
                state.devicesText().replace(now, "\"gpu_memory\": " + quoted(attached)));
    }

    private static String quoted(String share) {
        return share.equals(WHOLE) ? share : "\"" + share + "\"";
    }

    private static String shareOf(GenvHost host, String eid) {
        return host.snapshot().device(0).orElseThrow().attachments().stream()
                .filter(attachment -> attachment.eid().equals(eid))
                .findFirst()
                .flatMap(DeviceInfo.Attachment::gpuMemory)
                .map(MemorySize::toString)
                .orElse(WHOLE);
    }

    @ParameterizedTest
    @CsvSource({"12g, 4g", "null, 4g", "4g, 8g", "4g, null"})
    void shouldResizeWhatIsAttachedOtherwiseThanConfigured(String configured, String attached) throws IOException {
        try (GenvHost host = state.open();
                Activation _ = host.activate(as("mine", configured))) {
            attach(configured, attached);
            assertThat(shareOf(host, "mine")).isEqualTo(attached);
            host.configure(one(configured));
            assertThat(shareOf(host, "mine")).isEqualTo(configured);
        }
    }

    @ParameterizedTest
    @CsvSource({"12g, 4g", "null, 4g"})
    void shouldRefuseToResizeWhereOthersHaveTheRoom(String configured, String attached) throws IOException {
        try (GenvHost host = state.open();
                GenvHost other = state.open();
                Activation _ = host.activate(as("mine", configured))) {
            attach(configured, attached);
            try (Activation theirs = other.activate(as("theirs", "10g"))) {
                assertThat(theirs.devices()).containsExactly(0);
                String before = state.devicesText();
                for (int i = 0; i < 2; i++) {
                    Refusal.of(
                            DevicesUnavailableException.class,
                            () -> host.configure(one(configured)),
                            "does not fit",
                            "device=0",
                            "nothing was changed");
                }
                Refusal.of(
                        DevicesUnavailableException.class,
                        () -> host.run(as("mine", configured), () -> {}),
                        "does not fit");
                assertThat(state.devicesText()).isEqualTo(before);
            }
            host.configure(one(configured));
            assertThat(shareOf(host, "mine")).isEqualTo(configured);
        }
    }

    @Test
    void shouldGiveTheSurplusToOthers() throws IOException {
        try (GenvHost host = state.open();
                GenvHost other = state.open();
                Activation _ = host.activate(as("mine", "4g"))) {
            attach("4g", "8g");
            host.configure(one("4g"));
            try (Activation theirs = other.activate(as("theirs", "11g"))) {
                assertThat(theirs.devices()).containsExactly(0);
            }
        }
    }

    @Test
    void shouldResizeWhenItIsJoinedWithAConfiguration() throws IOException {
        try (GenvHost host = state.open();
                Activation _ = host.activate(as("mine", "12g"))) {
            attach("12g", "4g");
            host.run(ActivationRequest.of(EnvConfig.empty()).eid("mine"), () -> {});
            assertThat(shareOf(host, "mine")).as("joined as it is").isEqualTo("4g");
            host.run(as("mine", "12g"), () -> {});
            assertThat(shareOf(host, "mine")).isEqualTo("12g");
        }
    }
}
