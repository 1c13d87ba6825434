// SPDX-License-Identifier: Apache-2.0
package genv.it.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application that names only {@code genv.api} is compiled against that jar alone, and runs with the others on its module
 * path, on its class path, and in a jlink image.
 */
class ApplicationTest {
    /** Shares no file with other JVMs, of which they might warn each other among what the program prints. */
    private static final String QUIET = "-XX:-UsePerfData";

    private static final String MODULE = """
        module app {
            requires genv.api;
        }
        """;
    private static final String MAIN = """
        package app;

        import genv.api.Activation;
        import genv.api.DeviceLock;
        import genv.api.EnvConfig;
        import genv.api.Genv;

        public class Main {
            public static void main(String[] args) {
                System.out.println("active before " + Genv.active());
                try (Activation activation = Genv.activate(EnvConfig.builder().gpus(2).gpuMemory("4g").build());
                        DeviceLock lock = Genv.lock()) {
                    System.out.println("devices " + activation.devices() + " locked " + lock.devices());
                    System.out.println("seen " + Genv.snapshot().envs().size());
                }
                System.out.println("left " + Genv.snapshot().envs().size());
                ModuleLayer.boot().findModule("genv.core").ifPresent(core -> System.out.println("exported "
                        + core.getPackages().stream().filter(core::isExported).toList()));
            }
        }
        """;
    private static final List<String> EXPECTED =
            List.of("active before false", "devices [0, 1] locked [0, 1]", "seen 1", "left 0");

    @TempDir
    Path directory;

    private Path classes;
    private Map<String, String> environment = Map.of();

    @BeforeEach
    void compile() throws Exception {
        Path source = Files.createDirectories(directory.resolve("src/app"));
        Files.writeString(source.resolveSibling("module-info.java"), MODULE);
        Files.writeString(source.resolve("Main.java"), MAIN);
        classes = directory.resolve("classes");
        environment = Map.of("GENV_TMPDIR", directory.resolve("state").toString(), "GENV_MOCK_DEVICE_COUNT", "2");
        run(
                Tool.ofJdk("javac"),
                "-Xlint:all",
                "-Werror",
                "--module-path",
                Jars.API.toString(),
                "-d",
                classes.toString(),
                source.resolveSibling("module-info.java").toString(),
                source.resolve("Main.java").toString());
    }

    @Test
    void shouldRunOnTheModulePath() throws Exception {
        String printed = run(
                Tool.ofJdk("java"),
                QUIET,
                "--illegal-native-access=deny",
                "--enable-native-access=genv.core",
                "--module-path",
                classes + File.pathSeparator + Jars.path(Jars.withSimulatedDevices()),
                "--module",
                "app/app.Main");
        assertThat(printed.lines()).containsExactlyElementsOf(with("exported []"));
    }

    @Test
    void shouldRunOnTheClassPath() throws Exception {
        String printed = run(
                Tool.ofJdk("java"),
                QUIET,
                "--illegal-native-access=deny",
                "--enable-native-access=ALL-UNNAMED",
                "--class-path",
                classes + File.pathSeparator + Jars.path(Jars.withSimulatedDevices()),
                "app.Main");
        assertThat(printed.lines()).containsExactlyElementsOf(EXPECTED);
    }

    @Test
    void shouldRunInALinkedImage() throws Exception {
        Path image = directory.resolve("image");
        run(
                Tool.ofJdk("jlink"),
                "--module-path",
                classes + File.pathSeparator + Jars.path(Jars.withSimulatedDevices()),
                "--add-modules",
                "app,genv.core,genv.testkit",
                "--output",
                image.toString());
        assertThat(run(image.resolve("bin/java").toString(), "--list-modules"))
                .contains("genv.core")
                .doesNotContain("jdk.jfr");
        String printed = run(
                image.resolve("bin/java").toString(),
                QUIET,
                "--illegal-native-access=deny",
                "--enable-native-access=genv.core",
                "--module",
                "app/app.Main");
        assertThat(printed.lines()).containsExactlyElementsOf(with("exported []"));
    }

    @Test
    void shouldNameTheFlagWhenNativeAccessIsDenied() throws Exception {
        List<String> command = List.of(
                "sh",
                "-c",
                "\"$0\" --illegal-native-access=deny --module-path \"$1\" --module app/app.Main; test $? -ne 0",
                Tool.ofJdk("java"),
                classes + File.pathSeparator + Jars.path(Jars.withSimulatedDevices()));
        String printed = Tool.run(directory, environment, command);
        assertThat(printed).contains("GenvException").contains("--enable-native-access=genv.core");
    }

    @Test
    void shouldNameTheMissingImplementation() throws Exception {
        List<String> command = List.of(
                "sh",
                "-c",
                "\"$0\" --module-path \"$1\" --module app/app.Main; test $? -ne 0",
                Tool.ofJdk("java"),
                classes + File.pathSeparator + Jars.API);
        String printed = Tool.run(directory, environment, command);
        assertThat(printed).contains("GenvException").contains("genv.core");
    }

    private String run(String... command) throws IOException, InterruptedException {
        return Tool.run(directory, environment, List.of(command));
    }

    private static List<String> with(String last) {
        List<String> lines = new ArrayList<>(EXPECTED);
        lines.add(last);
        return lines;
    }
}
