// SPDX-License-Identifier: Apache-2.0
package genv.it.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A host whose backend is NVML's, found by soname through the real loader: a C library that is built here. Skipped where
 * there is no C compiler.
 */
class NvmlHostTest {
    private static final Path NVML_MODULE = Path.of("..", "genv.nvml", "src");

    @TempDir
    Path directory;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void build() throws Exception {
        Optional<Path> cc = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry, "cc"))
                .filter(Files::isExecutable)
                .findFirst();
        Assumptions.assumeTrue(cc.isPresent(), "no C compiler: program=cc");
        Tool.run(
                directory,
                Map.of(),
                List.of(
                        cc.orElseThrow().toString(),
                        "-std=gnu11",
                        "-shared",
                        "-fPIC",
                        "-I",
                        NVML_MODULE.resolve("main/native").toRealPath().toString(),
                        "-o",
                        directory.resolve("libnvidia-ml.so.1").toString(),
                        NVML_MODULE
                                .resolve("test/native/fake_nvml.c")
                                .toRealPath()
                                .toString()));
        Files.createDirectory(directory.resolve("control"));
        environment.putAll(Map.of(
                "LD_LIBRARY_PATH",
                directory.toString(),
                "FAKE_NVML_DEVICES",
                "4",
                "FAKE_NVML_TRACE",
                "1",
                "FAKE_NVML_CONTROL",
                directory.resolve("control").toString()));
    }

    @Test
    void shouldGiveOutWhatIsLeftByUuidWhenAGpuIsLostAndAllWhenTheDriverWasReloaded() throws Exception {
        List<String> printed = onClassPath();
        assertThat(printed)
                .filteredOn(line -> line.contains(" given ") || line.startsWith("devices"))
                .containsExactly(
                        "devices 4",
                        "asked 4 given [0, 1, 2, 3] visible 0,1,2,3",
                        "asked 3 given [0, 2, 3] visible GPU-c-0,GPU-c-2,GPU-c-3",
                        "asked 1 given [0] visible 0",
                        "asked 4 given [0, 1, 2, 3] visible 0,1,2,3");
        assertThat(printed)
                .filteredOn(line -> line.startsWith("asked 5 refused"))
                .hasSize(1);
        assertThat(printed)
                .filteredOn(line -> line.startsWith("asked 4 refused"))
                .hasSize(1);
        assertThat(printed).filteredOn("fake nvml: init"::equals).hasSize(2);
        assertThat(printed).filteredOn("fake nvml: shutdown"::equals).hasSize(2);
    }

    @Test
    void shouldSayThatVersionsDifferInsteadOfHavingNoDevices() throws Exception {
        environment.put("FAKE_NVML_INIT", "18");
        assertThat(onClassPath())
                .filteredOn(line -> line.startsWith("asked"))
                .hasSize(6)
                .allSatisfy(line -> assertThat(line)
                        .contains(" refused ", "different versions", "library version=13.0.1", "reboot"));
    }

    @Test
    void shouldNameTheModuleThatLacksNativeAccess() throws Exception {
        List<String> printed = onModulePath("--illegal-native-access=deny", "--enable-native-access=genv.core");
        assertThat(printed)
                .filteredOn(line -> line.startsWith("asked"))
                .hasSize(6)
                .allSatisfy(line -> assertThat(line).contains(" refused ", "--enable-native-access=genv.nvml"));
    }

    @Test
    void shouldRunOnTheModulePath() throws Exception {
        assertThat(onModulePath("--illegal-native-access=deny", "--enable-native-access=genv.core,genv.nvml"))
                .contains("asked 4 given [0, 1, 2, 3] visible 0,1,2,3");
    }

    private List<String> onClassPath() throws Exception {
        return run(
                "--illegal-native-access=deny",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                path(Jars.API, Jars.CORE, Jars.JSON, Jars.JSON_PARSER, Jars.NVML, program()));
    }

    private List<String> onModulePath(String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of(
                "-p",
                path(Jars.API, Jars.CORE, Jars.JSON, Jars.JSON_PARSER, Jars.NVML),
                "--add-modules",
                "genv.core,genv.nvml",
                "-cp",
                program().toString()));
        return run(all.toArray(String[]::new));
    }

    /** A directory with nothing in it but the program. */
    private Path program() throws Exception {
        String file = NvmlProgram.class.getName().replace('.', '/') + ".class";
        Path copy = directory.resolve("program").resolve(file);
        Files.createDirectories(copy.getParent());
        Files.copy(Path.of("target", "test-classes").resolve(file), copy);
        return directory.resolve("program");
    }

    private static String path(Path... entries) {
        return String.join(
                File.pathSeparator, Stream.of(entries).map(Path::toString).toList());
    }

    private List<String> run(String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Tool.ofJdk("java"), "-XX:+UseSerialGC"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                NvmlProgram.class.getName(),
                directory.resolve("state").toString(),
                directory.resolve("control").toString()));
        return Tool.run(directory, environment, command).lines().toList();
    }
}
