// SPDX-License-Identifier: Apache-2.0
package genv.core.os;

import genv.api.GenvException;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JVM of its own that runs a main class of these tests, on the class path, and speaks by lines of text.
 *
 * <p>Its standard input stays open until {@link #close()}, so a child that reads it lives as long as its test.
 */
public final class ChildJvm implements AutoCloseable {
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    private final Process process;
    private final BufferedReader output;

    private ChildJvm(Process process) {
        this.process = process;
        this.output = process.inputReader(StandardCharsets.UTF_8);
    }

    public static ChildJvm start(Class<?> main, String... arguments) {
        return start(command(classPath(), List.of(), main, arguments));
    }

    public static ChildJvm startWith(List<String> jvmOptions, Class<?> main, String... arguments) {
        return start(command(classPath(), jvmOptions, main, arguments));
    }

    /** Starts it through another program, whose arguments end with the command. */
    public static ChildJvm startThrough(List<String> prefix, Class<?> main, String... arguments) {
        return startThrough(prefix, classPath(), main, arguments);
    }

    public static ChildJvm startThrough(List<String> prefix, String classPath, Class<?> main, String... arguments) {
        return start(Stream.concat(prefix.stream(), command(classPath, List.of(), main, arguments).stream())
                .toList());
    }

    /** The command that starts a child, for tests that start it themselves. */
    public static List<String> command(String classPath, List<String> jvmOptions, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                JAVA.toString(),
                "-XX:TieredStopAtLevel=1",
                // standard output is for what the main class says, not for warnings of the runtime
                "-XX:-UsePerfData",
                "-Xlog:disable",
                "-Xlog:all=warning:stderr"));
        if (jvmOptions.stream().noneMatch(option -> option.contains("native-access"))) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Where the classes of this module, of the API and of these tests are, whether or not this JVM has them as modules. */
    public static String classPath() {
        return roots().stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }

    /** A copy of the class path that every user can read. */
    public static String copyClassPath(Path target) throws IOException {
        List<String> copies = new ArrayList<>();
        for (Path root : roots()) {
            Path copy = target.resolve("classes" + copies.size() + (Files.isDirectory(root) ? "" : ".jar"));
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Files.copy(
                            file, copy.resolve(root.relativize(file).toString()).normalize());
                }
            }
            copies.add(copy.toString());
        }
        new ProcessBuilder("chmod", "-R", "a+rX", target.toString())
                .inheritIO()
                .start()
                .onExit()
                .join();
        return String.join(File.pathSeparator, copies);
    }

    /** The next line that the child prints. */
    public String readLine() {
        try {
            String line = output.readLine();
            if (line == null) {
                throw new AssertionError(
                        "the child ended with status " + process.onExit().join().exitValue());
            }
            return line;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    public Process process() {
        return process;
    }

    /** Kills it with SIGKILL and waits until it is gone. */
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    public int awaitExit() {
        return process.onExit().join().exitValue();
    }

    @Override
    public void close() {
        kill();
    }

    private static ChildJvm start(List<String> command) {
        try {
            return new ChildJvm(new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Directories and jars of {@link #classPath()}. */
    public static List<Path> roots() {
        return Stream.of(ChildJvm.class, Users.class, GenvException.class)
                .map(ChildJvm::root)
                .distinct()
                .toList();
    }

    private static Path root(Class<?> type) {
        String resource = type.getName().replace('.', '/') + ".class";
        String url = String.valueOf(type.getResource("/" + resource));
        String root = url.substring(0, url.length() - resource.length());
        if (root.startsWith("jar:")) {
            root = root.substring("jar:".length(), root.lastIndexOf("!/"));
        }
        return Path.of(URI.create(root));
    }
}
