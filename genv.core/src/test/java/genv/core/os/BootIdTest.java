// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which boot it is, is read from the kernel or not at all. */
class BootIdTest {
    @BeforeEach
    void requireProc() {
        Assumptions.assumeTrue(Files.isReadable(BootId.FILE), "no boot id here");
    }

    @Test
    void shouldBeWhatTheKernelSays() throws IOException {
        UUID id = UUID.fromString(Files.readString(BootId.FILE).strip());

        assertThat(BootId.current()).isEqualTo(new BootId(id.getMostSignificantBits(), id.getLeastSignificantBits()));
    }

    /** Such as systemd-nspawn mounts over the kernel's, another one in each container. */
    @Test
    void shouldRefuseAFileThatIsNotTheKernels(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("boot_id"), UUID.randomUUID() + "\n");

        assertThatThrownBy(() -> BootId.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("something is mounted over the kernel's file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/proc/self/comm", "/proc/version", "/proc/self/mem"})
    void shouldRefuseWhatIsNoIdentifier(String file) {
        assertThatThrownBy(() -> BootId.read(Path.of(file))).isInstanceOf(IOException.class);
    }

    @Test
    void shouldRefuseAFileThatIsNotThere() {
        assertThatThrownBy(() -> BootId.read(Path.of("/proc/none"))).isInstanceOf(IOException.class);
    }

    /** What fails for want of a descriptor is said, not replaced by something else, and is right again afterwards. */
    @Test
    void shouldRememberNothingOfAFailureForWantOfDescriptors() {
        List<String> limited = List.of("sh", "-c", "ulimit -n 256; exec \"$@\"", "sh");
        try (ChildJvm child = ChildJvm.startThrough(limited, DescriptorsChild.class)) {
            assertThat(child.readLine()).startsWith("boot id failed").contains("Too many open files");
            assertThat(child.readLine()).isEqualTo("process failed");
            assertThat(child.readLine()).startsWith("clock failed").contains("Too many open files");
            assertThat(child.readLine()).isEqualTo("boot id right");
            assertThat(child.readLine()).isEqualTo("process right");
            assertThat(child.readLine()).matches("clock [0-9]+");
            assertThat(child.awaitExit()).isZero();
        }
    }
}
