// SPDX-License-Identifier: Apache-2.0
package genv.core.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.StateException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Locks on whole files, also where nothing can be written. */
class FlockTest {
    @TempDir
    private Path parent;

    @Test
    void shouldLockAFileThatIsThereOnAReadOnlyFileSystem() throws Exception {
        Path mounted = Files.createDirectory(parent.resolve("mounted"));
        try (Mount mount = Mount.tmpfs(mounted, "size=1m")) {
            Files.createFile(mounted.resolve("1.lock"));
            mount.remount("ro");
            try (PlainDirectory directory = PlainDirectory.openToLook(mounted)) {
                try (Flock held = Flock.tryAcquire(directory, "1.lock").orElseThrow()) {
                    held.touch(); // without an effect
                    assertThat(Flock.tryAcquire(directory, "1.lock")).isEmpty();
                }
                Flock.tryAcquire(directory, "1.lock").orElseThrow().close();
                assertThatThrownBy(() -> Flock.tryAcquire(directory, "2.lock"))
                        .isInstanceOf(StateException.class)
                        .hasMessageContainingAll("the file system is read-only", "path=" + mounted.resolve("2.lock"));
            }
        }
    }
}
