// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The command line and the environment variables of a child. */
final class ChildCommand {
    /** Small and quick to start; what a builder gives comes after and wins. */
    private static final List<String> JVM_OPTIONS = List.of(
            "-ea",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-Xshare:auto",
            "--enable-native-access=ALL-UNNAMED");

    private final String task;
    private final List<String> wrapper = new ArrayList<>();
    private final List<String> jvmOptions = new ArrayList<>(JVM_OPTIONS);
    private final List<String> arguments = new ArrayList<>();
    /** Empty: to be removed from what is inherited. */
    private final Map<String, Optional<String>> environment = new HashMap<>();

    private List<Path> classPath;
    private Path javaHome = Path.of(System.getProperty("java.home"));
    private Optional<Path> workingDirectory = Optional.empty();

    ChildCommand(Class<? extends ChildTask> task) {
        this.task = task.getName();
        this.classPath = ChildClassPath.of(task);
    }

    void wrap(List<String> prefix) {
        wrapper.addAll(prefix);
    }

    boolean wrapped() {
        return !wrapper.isEmpty();
    }

    void addJvmOptions(List<String> options) {
        jvmOptions.addAll(options);
    }

    void addArguments(List<String> more) {
        arguments.addAll(more);
    }

    void setVariable(String name, Optional<String> value) {
        environment.put(name, value);
    }

    void setClassPath(List<Path> path) {
        classPath = List.copyOf(path);
    }

    void copyClassPathTo(Path directory) {
        classPath = ReadableCopy.of(classPath, directory);
    }

    void setJavaHome(Path home) {
        javaHome = home;
    }

    void setWorkingDirectory(Path directory) {
        workingDirectory = Optional.of(directory);
    }

    Process start() throws IOException {
        List<String> command = new ArrayList<>(wrapper);
        command.add(javaHome.resolve("bin").resolve("java").toString());
        command.addAll(jvmOptions);
        command.add("-cp");
        command.add(classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
        command.add(ChildMain.class.getName());
        command.add(task);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        workingDirectory.ifPresent(directory -> builder.directory(directory.toFile()));
        Map<String, String> inherited = builder.environment();
        inherited.keySet().removeIf(name -> name.startsWith("GENV_") || name.startsWith("CUDA_"));
        environment.forEach(
                (name, value) -> value.ifPresentOrElse(v -> inherited.put(name, v), () -> inherited.remove(name)));
        return builder.start();
    }
}
