// SPDX-License-Identifier: Apache-2.0
package genv.it.seeing;

import static org.assertj.core.api.Assertions.assertThat;

import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where nobody records, Flight Recorder costs nothing, and it may be missing altogether. */
class NotRecordingTest {
    /** What the child itself needs, without {@code jdk.jfr}. */
    private static final String WITHOUT_FLIGHT_RECORDER = "--limit-modules=java.base,jdk.management";

    @TempDir
    Path directory;

    /** Each on a state of its own, which begins with the same small numbers: small ones are boxed for nothing. */
    private String bytes(String past, String... options) throws IOException {
        Path state = Files.createTempDirectory(directory, "state");
        try (ChildJvm child = ChildJvm.of(Allocating.class)
                .arguments(state.toString(), past)
                .jvmOptions("-Xint")
                .jvmOptions(options)
                .deadline(Duration.ofMinutes(4)) // it interprets
                .start()) {
            String bytes = child.expect("bytes");
            child.awaitExit();
            return bytes;
        }
    }

    @Test
    void shouldAllocateNoByteMoreThanWithoutFlightRecorder() throws IOException {
        String without = bytes("new", WITHOUT_FLIGHT_RECORDER);
        assertThat(without).matches("activate=[1-9]\\d+ attach=[1-9]\\d+ lock=[1-9]\\d+");
        assertThat(bytes("new")).as("present").isEqualTo(without);
        assertThat(bytes("recorded")).as("not any more").isEqualTo(without);
    }

    private List<String> loadedClasses(String... options) throws Exception {
        Path log = directory.resolve("classes.log");
        bytes("new", withLog(options, log));
        return Files.readAllLines(log);
    }

    private static String[] withLog(String[] options, Path log) {
        List<String> all = new ArrayList<>(List.of(options));
        all.add("-Xlog:class+load:file=" + log);
        return all.toArray(String[]::new);
    }

    @Test
    void shouldLoadNoClassOfFlightRecorderWhereItIsMissing() throws Exception {
        assertThat(loadedClasses(WITHOUT_FLIGHT_RECORDER))
                .anyMatch(line -> line.contains("genv.core.events.FlightEvents"))
                .noneMatch(line -> line.contains("jdk.jfr"))
                .noneMatch(line -> line.contains("java.util.logging")) // missing there as well
                .noneMatch(line -> line.contains("genv.core.events") && line.contains("Event "));
    }

    @Test
    void shouldLoadNoEventWhereNobodyRecords() throws Exception {
        assertThat(loadedClasses())
                .anyMatch(line -> line.contains("jdk.jfr.FlightRecorder "))
                .noneMatch(line -> line.contains("jdk.jfr.Event "))
                .noneMatch(line -> line.contains("genv.core.events") && line.contains("Event "));
    }
}
