// SPDX-License-Identifier: Apache-2.0
package genv.core.limits;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.file.StateDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LimitsFileTest {
    @TempDir
    private Path path;

    private final AtomicInteger lookedUp = new AtomicInteger();
    private OptionalInt late = OptionalInt.empty();

    @BeforeEach
    void write() throws Exception {
        Path file =
                Files.writeString(path.resolve("limits.json"), "{ \"users\": { \"late\": { \"userDevices\": 3 } } }");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    private LimitsFile file(StateDirectory directory, Duration lookUpAgain) {
        return new LimitsFile(
                directory,
                name -> {
                    lookedUp.incrementAndGet();
                    return late;
                },
                lookUpAgain);
    }

    @Test
    void shouldLookUpAUserAgainWhomTheHostDidNotHave() {
        try (StateDirectory directory = StateDirectory.openOpenToAll(path)) {
            LimitsFile file = file(directory, Duration.ZERO);
            assertThat(file.current().limits().apply(4711).userDevices()).isEqualTo(-1);
            late = OptionalInt.of(4711);
            while (file.current().limits().apply(4711).userDevices() != 3) {
                Thread.onSpinWait(); // until the file is looked at again
            }
            int known = lookedUp.get();
            awaitLook();
            assertThat(file.current().limits().apply(4711).userDevices()).isEqualTo(3);
            assertThat(lookedUp).as("found is found").hasValue(known);
        }
    }

    @Test
    void shouldNotAskForAnUnknownUserWithEveryRequest() {
        try (StateDirectory directory = StateDirectory.openOpenToAll(path)) {
            LimitsFile file = file(directory, Duration.ofHours(1));
            file.current();
            awaitLook();
            file.current();
            assertThat(lookedUp).hasValue(1);
        }
    }

    /** Until the file would be looked at again. */
    private static void awaitLook() {
        long end = System.nanoTime() + Duration.ofMillis(101).toNanos();
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
    }
}
