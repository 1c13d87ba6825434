// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.MemorySize;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceProcess;
import genv.api.spi.DeviceSample;
import genv.nvml.report.ListDevices;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A C library through the real loader, in this JVM and in JVMs of their own; skipped where there is no C compiler. */
class NativeLibraryTest {
    @TempDir
    Path directory;

    /** What a JVM printed, and how it ended. */
    private record Run(int status, List<String> lines, String errors) {
        long count(String line) {
            return errors.lines().filter(line::equals).count();
        }
    }

    @Test
    void shouldLoadTheLibraryThatThePropertyNames() throws Exception {
        Path library = CCompiler.fakeNvml(directory);
        String before = System.getProperty(LibraryLoader.PROPERTY);
        System.setProperty(LibraryLoader.PROPERTY, library.toString());
        try (NvmlBackend backend = new NvmlBackend()) {
            assertThat(backend.devices()).hasSize(2);
            Device device = backend.devices().getLast();
            assertThat(device.uuid()).isEqualTo("GPU-c-1");
            assertThat(device.name()).contains("NVIDIA C");
            assertThat(device.pciBusId()).contains("00000007:21:03.0");
            assertThat(device.totalMemory()).contains(MemorySize.ofBytes(16L << 30));
            DeviceSample sample = backend.sample(1);
            assertThat(sample.memoryUsed()).contains(MemorySize.ofBytes((1L << 30) + 1));
            assertThat(sample.temperature()).hasValue(41);
            assertThat(sample.powerMilliwatts()).isEmpty();
            assertThat(sample.processes()).hasSize(40).first().satisfies(process -> {
                assertThat(process.pid()).isEqualTo(1000);
                assertThat(process.kind()).isEqualTo(DeviceProcess.Kind.COMPUTE);
                assertThat(process.memoryUsed()).contains(MemorySize.ofBytes(1));
            });
            assertThat(backend.closeness(0, 1)).isEmpty();
            NvmlCalls nvml = LibraryLoader.load(library.toString());
            assertThat(NvmlCode.describe(nvml, 4711)).isEqualTo("code=4711 (a text of the library)");
        } finally {
            if (before == null) {
                System.clearProperty(LibraryLoader.PROPERTY);
            } else {
                System.setProperty(LibraryLoader.PROPERTY, before);
            }
        }
    }

    @Test
    void shouldWorkOnTheModulePath() throws Exception {
        Path library = CCompiler.fakeNvml(directory);
        Run run = onModulePath(library, Map.of("FAKE_NVML_DEVICES", "64"), "--enable-native-access=genv.nvml");
        assertThat(run.errors()).doesNotContain("WARNING");
        assertThat(run.lines()).contains("availability: Available[]");
        assertThat(run.lines()).anyMatch(line -> line.startsWith("module: module genv.nvml"));
        assertThat(run.lines()).filteredOn(line -> line.startsWith("device: ")).hasSize(64);
        assertThat(run.lines()).anyMatch(line -> line.startsWith("device: index=63 uuid=GPU-c-63 "));
        assertThat(run.count("fake nvml: init")).isEqualTo(1);
        assertThat(run.count("fake nvml: shutdown")).isEqualTo(1);
    }

    @Test
    void shouldWorkOnTheClassPath() throws Exception {
        Path library = CCompiler.fakeNvml(directory);
        Run run = onClassPath(library, Map.of(), "--enable-native-access=ALL-UNNAMED");
        assertThat(run.lines()).anyMatch(line -> line.startsWith("module: unnamed module"));
        assertThat(run.lines()).filteredOn(line -> line.startsWith("device: ")).hasSize(2);
        assertThat(run.count("fake nvml: init")).isEqualTo(1);
        assertThat(run.count("fake nvml: shutdown")).isEqualTo(1);
    }

    @Test
    void shouldNameTheFlagWhenNativeAccessIsDenied() throws Exception {
        Path library = CCompiler.fakeNvml(directory);
        assertThat(onModulePath(library, Map.of(), "--illegal-native-access=deny")
                        .lines())
                .anyMatch(line ->
                        line.contains("native access is denied") && line.contains("--enable-native-access=genv.nvml"));
        assertThat(onClassPath(library, Map.of(), "--illegal-native-access=deny")
                        .lines())
                .anyMatch(line -> line.contains("native access is denied")
                        && line.contains("--enable-native-access=ALL-UNNAMED"));
    }

    @Test
    void shouldSayThatVersionsDifferWhenTheDriverWasUpdated() throws Exception {
        Path library = CCompiler.fakeNvml(directory);
        Run run = onModulePath(library, Map.of("FAKE_NVML_INIT", "18"), "--enable-native-access=genv.nvml");
        assertThat(run.lines())
                .anyMatch(line -> line.startsWith("failure: the nvidia driver and the nvml library have different"));
        assertThat(run.count("fake nvml: shutdown")).isZero();
    }

    @Test
    void shouldFindTheLibraryBySoname() throws Exception {
        Path library = CCompiler.fakeNvml(directory);
        Files.move(library, directory.resolve("libnvidia-ml.so.1"));
        List<String> command = command("--enable-native-access=ALL-UNNAMED", "-cp", classPath());
        Run run = run(command, Map.of("LD_LIBRARY_PATH", directory.toString()));
        assertThat(run.lines()).filteredOn(line -> line.startsWith("device: ")).hasSize(2);
    }

    private Run onModulePath(Path library, Map<String, String> environment, String... options) throws Exception {
        List<String> command = command(options);
        command.addAll(List.of(
                "-D" + LibraryLoader.PROPERTY + "=" + library,
                "--module-path",
                String.join(File.pathSeparator, location(NvmlBackend.class), location(DeviceBackend.class)),
                "--add-modules",
                "genv.nvml",
                "-cp",
                printer()));
        return run(command, environment);
    }

    private Run onClassPath(Path library, Map<String, String> environment, String... options) throws Exception {
        List<String> command = command(options);
        command.addAll(List.of("-D" + LibraryLoader.PROPERTY + "=" + library, "-cp", classPath()));
        return run(command, environment);
    }

    private static List<String> command(String... options) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(options));
        return command;
    }

    private String classPath() throws IOException {
        return String.join(File.pathSeparator, printer(), location(NvmlBackend.class), location(DeviceBackend.class));
    }

    /** Returns a directory with nothing in it but the program that prints. */
    private String printer() throws IOException {
        String file = ListDevices.class.getName().replace('.', '/') + ".class";
        Path copy = directory.resolve("printer").resolve(file);
        if (!Files.exists(copy)) {
            Files.createDirectories(copy.getParent());
            Files.copy(Path.of("target", "test-classes").resolve(file), copy);
        }
        return directory.resolve("printer").toString();
    }

    private static String location(Class<?> type) throws IOException {
        if (type == NvmlBackend.class) {
            // In the test's JVM the module is patched, so that its location does not say where it comes from.
            return Path.of("target", "classes").toAbsolutePath().toString();
        }
        return new File(type.getProtectionDomain().getCodeSource().getLocation().getPath()).getPath();
    }

    private Run run(List<String> command, Map<String, String> environment) throws Exception {
        command.add(ListDevices.class.getName());
        Path errors = directory.resolve("errors");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().put("FAKE_NVML_TRACE", "1");
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        Run run = new Run(status, output.lines().toList(), Files.readString(errors));
        assertThat(status).as("%s", run).isZero();
        return run;
    }
}
