// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** Records the events of genv in this process, all of them, however short. */
final class Recorder implements AutoCloseable {
    private static final List<String> EVENTS = List.of(
            "Activation",
            "Attach",
            "Detach",
            "LockWait",
            "LockHold",
            "QueueWait",
            "Reap",
            "Overdue",
            "LeaseNotice",
            "LeaseEnd",
            "LimitsRead",
            "Retry",
            "StateOpen");

    private final Recording recording = new Recording();

    Recorder() {
        EVENTS.forEach(name -> recording.enable("genv." + name).withoutThreshold());
        recording.start();
    }

    /** The events of a name so far, in the order of their ends. */
    List<RecordedEvent> events(String name) throws IOException {
        Path file = Files.createTempFile("genv-events", ".jfr");
        try {
            recording.dump(file);
            return of(file, name);
        } finally {
            Files.delete(file);
        }
    }

    /** The only event of a name so far. */
    RecordedEvent only(String name) throws IOException {
        List<RecordedEvent> events = events(name);
        assertThat(events).as(name).hasSize(1);
        return events.getFirst();
    }

    /** The events of a name in a file. */
    static List<RecordedEvent> of(Path file, String name) throws IOException {
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("genv." + name))
                .sorted((a, b) -> a.getEndTime().compareTo(b.getEndTime()))
                .toList();
    }

    @Override
    public void close() {
        recording.close();
    }
}
