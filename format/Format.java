// SPDX-License-Identifier: Apache-2.0

import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import com.palantir.javaformat.java.JavaFormatterOptions.Style;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;

/**
 * Checks or fixes the layout and the licence line of all Java files of the repository.
 *
 * <p>A program of its own, and no plugin, because the formatter parses with the javac of the JVM that it runs in: that
 * must be the JDK of the build, while Maven itself may run on an older one.
 *
 * <p>Arguments: root of the repository, a file to remember good files in, the formatter's version, and what to fix:
 * {@code false} for nothing, {@code true} for all, otherwise paths, separated by commas.
 */
final class Format {
    private static final String LICENCE = "// SPDX-License-Identifier: Apache-2.0\n";

    /** Directories that hold no source of ours: build output, and code written by a generator. */
    private static final Set<String> SKIPPED = Set.of("target", "generated");

    private final Path root;
    private final String version;
    private final Set<String> known;
    private final Set<String> good = new ConcurrentSkipListSet<>();
    private final Formatter formatter = Formatter.createFormatter(
            JavaFormatterOptions.builder().style(Style.PALANTIR).build());

    /** What is done with one file; answers what is wrong with it. */
    private interface Step {
        Optional<String> apply(Path file, String source) throws FormatterException, IOException;
    }

    private Format(Path root, String version, Set<String> known) {
        this.root = root;
        this.version = version;
        this.known = known;
    }

    public static void main(String[] args) throws IOException {
        Path root = Path.of(args[0]).toRealPath();
        Path memory = Path.of(args[1]);
        Set<String> known = Files.exists(memory) ? new TreeSet<>(Files.readAllLines(memory)) : Set.of();
        Format format = new Format(root, args[2], known);
        List<String> problems = args[3].equals("false") ? format.check() : format.fix(args[3]);
        Files.createDirectories(memory.getParent());
        Files.write(memory, format.good);
        PrintStream err = System.err;
        problems.forEach(err::println);
        if (!problems.isEmpty()) {
            System.exit(1);
        }
    }

    private List<String> check() throws IOException {
        List<String> problems = problems(root, this::check);
        if (!problems.isEmpty()) {
            problems.add("to lay out all files, run: ./mvnw -q -pl format process-sources -Dfix");
        }
        return problems;
    }

    private Optional<String> check(Path file, String source) throws FormatterException {
        if (!known.contains(digest(source)) && !formatted(source).equals(source)) {
            return Optional.of("not formatted, or without its licence line");
        }
        good.add(digest(source));
        return Optional.empty();
    }

    private List<String> fix(String what) throws IOException {
        good.addAll(known);
        List<String> problems = new ArrayList<>();
        for (String path : what.equals("true") ? List.of("") : List.of(what.split(","))) {
            problems.addAll(problems(root.resolve(path), this::fix));
        }
        return problems;
    }

    private Optional<String> fix(Path file, String source) throws FormatterException, IOException {
        String formatted = formatted(source);
        if (!formatted.equals(source)) {
            Files.writeString(file, formatted);
        }
        good.add(digest(formatted));
        return Optional.empty();
    }

    private List<String> problems(Path start, Step step) throws IOException {
        return sources(start).parallelStream()
                .flatMap(file -> problem(file, step).stream())
                .collect(Collectors.toCollection(ArrayList::new));
    }

    private Optional<String> problem(Path file, Step step) {
        try {
            return step.apply(file, Files.readString(file)).map(problem -> root.relativize(file) + ": " + problem);
        } catch (FormatterException e) {
            return Optional.of(root.relativize(file) + ": the formatter cannot read it: " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String formatted(String source) throws FormatterException {
        String licensed = source.startsWith(LICENCE) ? source : LICENCE + source;
        return formatter.formatSourceAndFixImports(licensed);
    }

    private static List<Path> sources(Path start) throws IOException {
        List<Path> sources = new ArrayList<>();
        Files.walkFileTree(start, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = directory.getFileName().toString();
                boolean skipped = !directory.equals(start) && (SKIPPED.contains(name) || name.startsWith("."));
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && file.toString().endsWith(".java")) {
                    sources.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        sources.sort(null);
        return sources;
    }

    private String digest(String source) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(version.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(source.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
