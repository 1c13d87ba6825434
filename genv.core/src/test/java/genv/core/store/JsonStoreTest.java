// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.core.draft.Draft;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store of Genv's files after it was closed, as whoever is in the middle of something comes upon it. */
class JsonStoreTest {
    @Test
    void shouldSayThatItWasClosedToWhoTakesASnapshot(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("envs.json"), "{\"envs\": []}");
        JsonStore store = JsonStore.open(directory, List::of, Optional.empty());
        store.read(Draft::envCount);
        store.close();
        for (ThrowingCallable asking : List.<ThrowingCallable>of(
                () -> store.foreignHolders(List.of(), List.of()),
                store::rootAcquire,
                () -> store.read(Draft::envCount))) {
            assertThatThrownBy(asking)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("the host is closed", "path=" + directory);
        }
    }
}
