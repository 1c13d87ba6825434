// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The committed binding is what jextract makes of the committed header; skipped where there is no jextract. */
class BindingRegenerationTest {
    private static final Path COMMITTED = Path.of("src", "generated", "java");

    @Test
    void shouldBeWhatJextractGenerates(@TempDir Path directory) throws Exception {
        Optional<Path> jextract = CCompiler.program("jextract");
        Assumptions.assumeTrue(jextract.isPresent(), "no jextract on the PATH");
        Path output = directory.resolve("generated");
        CCompiler.run(
                directory.resolve("jextract.log"),
                List.of(
                        jextract.orElseThrow().toString(),
                        "@" + NvmlAbiHeader.DIRECTORY.resolve("jextract.args"),
                        "--output",
                        output.toString(),
                        NvmlAbiHeader.FILE.toString()));
        assertThat(contents(COMMITTED))
                .as("generate anew as docs/nvml.md says, with the version of jextract that it names")
                .isEqualTo(contents(output));
    }

    private static Map<String, String> contents(Path root) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(root.relativize(file).toString(), Files.readString(file));
            }
        }
        return contents;
    }
}
