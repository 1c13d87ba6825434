// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.startup;

import genv.benchmarks.Settings;
import genv.benchmarks.peer.Scratch;
import genv.benchmarks.result.Results;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A fresh JVM that activates an environment and ends, beside one that does nothing: from the module path, from an image
 * made by jlink, and from the module path with an AOT cache.
 *
 * <p>The time is that from the start of the process to its end. The state directory is there already, as it is for every
 * process of a host but the first; the first one is measured too.
 */
public final class StartUp {
    private static final String MODULE = "genv.benchmarks.program";
    private static final String NOTHING = MODULE + "/" + MODULE + ".Nothing";
    private static final String FIRST = MODULE + "/" + MODULE + ".FirstEnvironment";
    private static final String CALL = MODULE + "/" + MODULE + ".OneCall";
    private static final String ACCESS = "--enable-native-access=genv.core," + MODULE;

    /** What genv consists of at run time, but for the devices. */
    private static final List<String> MODULES =
            List.of("genv.api.jar", "genv.core.jar", "jackson-core.jar", "jackson-jr-objects.jar");

    private final Settings settings;
    private final Results results;
    private final Path sources;
    private final Path libraries;

    /** Compiles the programs from the given sources against the given folder of jars. */
    public StartUp(Settings settings, Results results, Path sources, Path libraries) {
        this.settings = settings;
        this.results = results;
        this.sources = sources;
        this.libraries = libraries;
    }

    /** Measures all of them. */
    public void measure() {
        try (Scratch scratch = Scratch.create()) {
            Path work = scratch.directory();
            String modules = modules(work);
            List<String> modulePath = List.of(Commands.ofJdk("java"), "-p", modules, "--add-modules=genv.core", ACCESS);
            compare(
                    work,
                    "modules",
                    command(modulePath, NOTHING),
                    command(modulePath, CALL),
                    command(modulePath, FIRST));
            firstOfHost(work, command(modulePath, FIRST));

            Path image = work.resolve("image");
            Commands.run(
                    Map.of(),
                    List.of(
                            Commands.ofJdk("jlink"),
                            "-p",
                            modules,
                            "--add-modules",
                            MODULE + ",genv.core",
                            // as every JDK has one: without it an image parses the JDK's own classes at each start
                            "--generate-cds-archive",
                            "--output",
                            image.toString()));
            List<String> linked = List.of(image.resolve("bin").resolve("java").toString(), ACCESS);
            compare(work, "image", command(linked, NOTHING), command(linked, CALL), command(linked, FIRST));

            compare(
                    work,
                    "aot",
                    cached(work, modulePath, NOTHING, work.resolve("nothing.aot")),
                    cached(work, modulePath, CALL, work.resolve("call.aot")),
                    cached(work, modulePath, FIRST, work.resolve("first.aot")));
        }
    }

    private static List<String> command(List<String> java, String main) {
        List<String> command = new ArrayList<>(java);
        command.add("-m");
        command.add(main);
        return command;
    }

    /** Trains the cache of a program, and returns the command that uses it. */
    private static List<String> cached(Path work, List<String> java, String main, Path cache) {
        List<String> training = new ArrayList<>(java);
        training.add("-XX:AOTCacheOutput=" + cache);
        Commands.run(variables(work.resolve("state")), command(training, main));
        List<String> use = new ArrayList<>(java);
        use.add("-XX:AOTCache=" + cache);
        return command(use, main);
    }

    private static Map<String, String> variables(Path state) {
        return Map.of("GENV_TMPDIR", state.toString());
    }

    /** One after the other, so that what disturbs the machine disturbs both. */
    private void compare(Path work, String id, List<String> nothing, List<String> call, List<String> first) {
        Map<String, String> variables = variables(work.resolve("state"));
        Map<String, List<String>> programs = new LinkedHashMap<>();
        programs.put("nothing", nothing);
        programs.put("call", call);
        programs.put("first", first);
        programs.values().forEach(program -> Commands.run(variables, program));
        Map<String, List<Double>> times = new LinkedHashMap<>();
        for (int i = 0; i < settings.starts(); i++) {
            programs.forEach((name, program) -> times.computeIfAbsent(name, key -> new ArrayList<>())
                    .add((double) Commands.run(variables, program).nanos()));
        }
        times.forEach((name, nanos) -> results.put("start." + id + "." + name, "ns", nanos));
    }

    private void firstOfHost(Path work, List<String> first) {
        List<Double> times = new ArrayList<>();
        for (int i = 0; i < settings.starts(); i++) {
            times.add((double)
                    Commands.run(variables(work.resolve("state-" + i)), first).nanos());
        }
        results.put("start.modules.host", "ns", times);
    }

    /** Compiles the programs into a jar and returns the module path. */
    private String modules(Path work) {
        Path classes = work.resolve("classes");
        String path = MODULES.stream()
                .map(module -> libraries.resolve(module).toString())
                .collect(Collectors.joining(":"));
        List<String> javac = new ArrayList<>(List.of(Commands.ofJdk("javac"), "-p", path, "-d", classes.toString()));
        try (Stream<Path> files = Files.walk(sources)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(file -> javac.add(file.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException("the sources cannot be listed: directory=" + sources, e);
        }
        Commands.run(Map.of(), javac);
        Path jar = work.resolve("program.jar");
        Commands.run(
                Map.of(),
                List.of(Commands.ofJdk("jar"), "--create", "--file", jar.toString(), "-C", classes.toString(), "."));
        return jar + ":" + path;
    }
}
