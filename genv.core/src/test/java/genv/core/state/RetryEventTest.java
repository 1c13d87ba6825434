// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.draft.Note;
import genv.core.model.DeviceSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a transition that has lost races: each retry to Flight Recorder, and only what the last run noted. */
class RetryEventTest {
    private static final long SELF = 1;

    @TempDir
    Path directory;

    private StateFixture state;

    @BeforeEach
    void open() {
        state = new StateFixture(directory);
    }

    @AfterEach
    void close() {
        state.close();
    }

    private void loseTwice(Transitions process) {
        AtomicInteger runs = new AtomicInteger();
        process.transact(draft -> {
            int run = runs.incrementAndGet();
            draft.note(new Note.Renumbered(DeviceSet.of(run)));
            if (run <= 2) {
                state.process(2).transact(other -> {
                    other.put(StateFixture.env(other, "other" + run, 2));
                    return null;
                });
            }
            draft.put(StateFixture.env(draft, "mine", SELF));
            return null;
        });
        assertThat(runs).hasValue(3);
    }

    @Test
    void shouldRecordOneEventHoweverManyRacesWereLost() throws Exception {
        Path file = directory.resolve("events.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("genv.Retry").withoutThreshold();
            recording.start();
            loseTwice(state.process(SELF));
            state.process(SELF).transact(draft -> draft.envCount()); // loses none
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("genv.Retry"))
                .toList();
        assertThat(events)
                .singleElement()
                .satisfies(event -> assertThat(event.getInt("retries")).isEqualTo(2));
    }

    @Test
    void shouldTellWhatThePublishedRunNotedAndNothingElse() {
        List<Note> told = new ArrayList<>();
        loseTwice(state.noting(SELF, told::addAll));
        assertThat(told).containsExactly(new Note.Renumbered(DeviceSet.of(3)));
    }

    @Test
    void shouldTellNothingOfARunThatChangedNothing() {
        List<Note> told = new ArrayList<>();
        state.noting(SELF, told::addAll).transact(draft -> {
            draft.note(new Note.Renumbered(DeviceSet.of(0)));
            return null;
        });
        assertThat(told).isEmpty();
    }
}
