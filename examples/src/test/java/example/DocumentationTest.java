// SPDX-License-Identifier: Apache-2.0
package example;

import static org.assertj.core.api.Assertions.assertThat;

import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Holds what the documentation shows and says to the sources. */
class DocumentationTest {
    private static final Pattern SNIPPET =
            Pattern.compile("^```(java|xml)\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(?:#[^)]*)?\\)|src=\"([^\":]+)\"");

    @TestFactory
    Stream<DynamicTest> shouldShowOnlyCodeThatIsRun() throws IOException {
        List<String> sources = sources();
        return documents()
                .flatMap(document -> SNIPPET.matcher(read(document))
                        .results()
                        .map(found -> found.group(2))
                        .map(snippet -> DynamicTest.dynamicTest(
                                document.getFileName() + ": "
                                        + snippet.lines().findFirst().orElse(""),
                                () -> assertThat(sources.stream()
                                                .anyMatch(source -> source.contains(withoutIndent(snippet))))
                                        .as("a source below examples/src has the snippet:%n%s", snippet)
                                        .isTrue())));
    }

    @Test
    void shouldShowCodeForEachUse() {
        assertThat(SNIPPET.matcher(read(Built.ROOT.resolve("README.md"))).results())
                .as("snippets of the README")
                .hasSizeGreaterThanOrEqualTo(9);
    }

    @TestFactory
    Stream<DynamicTest> shouldLinkOnlyToFilesThatExist() throws IOException {
        return documents()
                .map(document -> DynamicTest.dynamicTest(
                        String.valueOf(document.getFileName()),
                        () -> assertThat(LINK.matcher(read(document))
                                        .results()
                                        .map(DocumentationTest::target)
                                        .map(target ->
                                                Built.ROOT.resolve(document).resolveSibling(target)))
                                .allSatisfy(target -> assertThat(target).exists())));
    }

    @Test
    void shouldNameVersionOfThisBuild() {
        assertThat(read(Built.ROOT.resolve("README.md"))).contains("<version>" + Built.VERSION + "</version>");
    }

    @Test
    void shouldStateLimitsOfLayout() {
        assertThat(read(Built.ROOT.resolve("README.md")))
                .contains(row("devices", RecordLayout.MAX_DEVICES))
                .contains(row("environments at one time", RecordLayout.MAX_ENVS))
                .contains(row("device locks held at one time", RecordLayout.MAX_HOLDERS))
                .contains(row("requests in the queue at one time", RecordLayout.MAX_WAITERS))
                .contains(row("threads in the middle of a change at one time", FileLayout.RECORDS - 1))
                .contains(row("characters of an identifier or a name", RecordLayout.MAX_EID));
    }

    private static String row(String what, int limit) {
        return "| " + what + " | " + String.format(Locale.ROOT, "%,d", limit) + " |";
    }

    private static String target(MatchResult link) {
        return link.group(1) != null ? link.group(1) : link.group(2);
    }

    private static Stream<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.list(Built.ROOT.resolve("docs"))) {
            List<Path> all = Stream.concat(
                            Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
                                    .map(Built.ROOT::resolve),
                            docs.filter(path -> path.toString().endsWith(".md")))
                    .sorted()
                    .toList();
            return all.stream();
        }
    }

    private static List<String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Built.ROOT.resolve("examples/src"))) {
            return files.filter(Files::isRegularFile)
                    .map(DocumentationTest::read)
                    .map(DocumentationTest::withoutIndent)
                    .toList();
        }
    }

    /** Where a snippet stands in its source is deeper than in the documentation. */
    private static String withoutIndent(String text) {
        return text.lines().map(String::strip).reduce("", (all, line) -> all + line + "\n");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
