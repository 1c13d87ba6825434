// SPDX-License-Identifier: Apache-2.0
package genv.it.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds what each jar says of its module against a text: nothing is exported, required or provided by accident. Whoever
 * changes a module on purpose changes the text with it.
 */
class ModuleDescriptionTest {
    static Stream<Arguments> jars() {
        return Stream.of(
                Arguments.of("genv.api", Jars.API),
                Arguments.of("genv.core", Jars.CORE),
                Arguments.of("genv.nvml", Jars.NVML),
                Arguments.of("genv.testkit", Jars.TESTKIT));
    }

    @ParameterizedTest
    @MethodSource("jars")
    void shouldDescribeTheModuleAsAgreed(String module, Path jar, @TempDir Path directory) throws Exception {
        String printed = Tool.run(
                directory, Map.of(), List.of(Tool.ofJdk("jar"), "--describe-module", "--file", jar.toString()));
        assertThat(withoutVersionAndPlace(printed)).isEqualTo(agreed(module));
    }

    private static String withoutVersionAndPlace(String printed) {
        return printed.lines()
                .map(line -> line.replaceFirst("@\\S+ jar:file:.*$", ""))
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    private static String agreed(String module) throws IOException {
        try (InputStream text = ModuleDescriptionTest.class.getResourceAsStream(module + ".txt")) {
            return new String(Objects.requireNonNull(text, module).readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }
}
