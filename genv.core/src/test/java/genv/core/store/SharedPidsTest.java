// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whether a directory is a mounted part of a file system, as a container sees one of its host. */
class SharedPidsTest {
    private static final List<String> CONTAINER = List.of(
            "1 0 0:50 / / rw,relatime - overlay overlay rw",
            "2 1 0:51 / /tmp rw - tmpfs tmpfs rw",
            "3 1 8:1 /var/tmp/genv /var/tmp/genv rw - ext4 /dev/sda1 rw",
            "4 1 8:1 /data /with\\040blank rw - ext4 /dev/sda1 rw",
            "5 2 0:52 / /var/tmp/genv/inner rw - tmpfs tmpfs rw",
            "no mount");

    @Test
    void shouldTellPartsFromWholeFileSystems() {
        assertThat(isPart("/var/tmp/genv")).isTrue();
        assertThat(isPart("/var/tmp/genv/deeper")).isTrue();
        assertThat(isPart("/with blank/state")).isTrue();
        assertThat(isPart("/var/tmp/genv/inner/state")).isFalse();
        assertThat(isPart("/var/tmp/genv2")).isFalse();
        assertThat(isPart("/tmp/state")).isFalse();
        assertThat(isPart("/")).isFalse();
        assertThat(SharedPids.isMountedPart(Path.of("/tmp"), List.of())).isFalse();
    }

    private static boolean isPart(String path) {
        return SharedPids.isMountedPart(Path.of(path), CONTAINER);
    }
}
