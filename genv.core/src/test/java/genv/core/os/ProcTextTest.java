// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ProcTextTest {
    @Test
    void shouldFindWordsWhereverBlanksAre() {
        assertThat(ProcText.words("boottime      -3    999999999")).containsExactly("boottime", "-3", "999999999");
        assertThat(ProcText.words("  a b  ")).containsExactly("a", "b");
        assertThat(ProcText.words("a")).containsExactly("a");
        assertThat(ProcText.words("   ")).isEmpty();
        assertThat(ProcText.words("")).isEmpty();
    }

    @Test
    void shouldFindLinesWithAndWithoutAnEnd() {
        assertThat(ProcText.lines("a b\nc\n")).containsExactly("a b", "c");
        assertThat(ProcText.lines("a b\nc")).containsExactly("a b", "c");
    }

    @Test
    void shouldReadAFileThatHasNoSize() throws IOException {
        Path file = Path.of("/proc/sys/kernel/random/boot_id");
        Assumptions.assumeTrue(Files.isReadable(file), "no boot id here");

        assertThat(ProcText.read(file)).isEqualTo(Files.readString(file)).isNotBlank();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> ProcText.read(Path.of("/proc/0/stat")));
    }
}
