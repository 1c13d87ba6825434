// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.GenvOptions;
import genv.core.draft.Draft;
import genv.core.rules.Lives;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mapped store after it was closed, as whoever is in the middle of something comes upon it. */
class MappedStoreTest {
    private static final long SOMEBODY = 1000;

    /** With what it has read before it asks who of that lives, or explains by whom it is refused. */
    @Test
    void shouldSayThatTheHostWasClosedToWhoAsksWhoIsAlive(@TempDir Path directory) {
        MappedStore store = MappedStore.open(directory, GenvOptions.Sharing.EVERYONE);
        Lives lives = store.livesCached();
        store.close();
        for (ThrowingCallable asking : List.<ThrowingCallable>of(
                () -> lives.isAlive(SOMEBODY), store::rootAcquire, () -> store.read(Draft::envCount))) {
            assertThatThrownBy(asking)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("the host was closed", directory.toString(), "open another one");
        }
    }
}
