// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvHost;
import genv.api.StateException;
import genv.it.check.Eventually;
import genv.it.check.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An environment cannot be left, since Genv's files cannot be read or written just then: it is left later. */
class PythonLeavesTest {
    @TempDir
    private Path parent;

    private PythonState state;
    private String sound = "";

    @BeforeEach
    void create() throws IOException {
        state = PythonState.create(parent);
        state.devices("", "");
    }

    private static ActivationRequest as(String eid) {
        return ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid(eid);
    }

    /** Makes every change fail, in whatever way: the first file cannot be read. */
    private void damage() {
        try {
            sound = state.envsText();
            Files.writeString(state.directory().resolve("envs.json"), "{");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void mend() throws IOException {
        Files.writeString(state.directory().resolve("envs.json"), sound);
    }

    @Test
    void shouldGiveTheResultOfATaskThatCouldNotLeave() throws IOException {
        try (GenvHost host = state.open()) {
            String result = host.call(as("task"), () -> {
                damage();
                return "computed";
            });
            assertThat(result).isEqualTo("computed");
            mend();
            try (Activation other = host.activate(as("other"))) {
                assertThat(other.devices()).as("left before").containsExactly(0);
                assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactly("other");
            }
        }
    }

    @Test
    void shouldLeaveWithTheNextChangeWhatCouldNotBeLeft() throws IOException {
        try (GenvHost host = state.open()) {
            Activation mine = host.activate(as("mine"));
            host.run(as("mine"), this::damage); // joined, so it is to be left twice
            mine.close();
            assertThat(host.active()).isFalse();
            mend();
            try (Activation again = host.activate(as("mine"))) {
                assertThat(again.devices()).containsExactly(0);
            }
            assertThat(state.envsText()).doesNotContain("mine");
            assertThat(state.devicesText()).doesNotContain("mine");
        }
    }

    @Test
    void shouldLeaveAsSoonAsItCanThoughItChangesNothingMore() throws IOException {
        try (GenvHost host = state.open();
                GenvHost looking = state.open()) {
            host.run(as("task"), this::damage);
            mend();
            Eventually.empty(looking);
        }
    }

    @Test
    void shouldLeaveWhatCouldNotBeLeftWhenItIsClosed() throws IOException {
        try (GenvHost host = state.open()) {
            host.run(as("task"), this::damage);
            mend();
        }
        assertThat(state.envsText()).doesNotContain("task");
        assertThat(state.devicesText()).doesNotContain("task");
    }

    @Test
    void shouldMakeUpInTheNextHostForWhatClosingCouldNotDo() throws IOException {
        GenvHost host = state.open();
        host.activate(as("mine"));
        damage();
        Refusal.of(StateException.class, host::close, "left as it is");
        host.close();
        mend();
        try (GenvHost next = state.open();
                Activation other = next.activate(as("other"))) {
            assertThat(other.devices()).containsExactly(0);
            assertThat(next.snapshot().envs()).extracting(EnvInfo::eid).containsExactly("other");
        }
    }

    @Test
    void shouldNotLeaveAnotherEnvironmentOfThatIdentifier() throws IOException {
        try (GenvHost host = state.open()) {
            host.run(as("mine"), this::damage);
            sound = sound.replaceFirst("\"creation\": \"[^\"]*\"", "\"creation\": \"03/02/2020 04:05:06\"");
            mend();
            try (Activation other = host.activate(as("other"))) {
                assertThat(other.devices()).containsExactly(1);
            }
            assertThat(host.snapshot().env("mine")).isPresent();
        }
    }
}
