// SPDX-License-Identifier: Apache-2.0
package example;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles the backend of the documentation as a module of its own, and runs a program on it. */
class BackendModuleTest {
    private static final Path SOURCES = Built.ROOT.resolve("examples/src/acme");

    @TempDir
    Path directory;

    @Test
    void shouldBeFoundWhenOnModulePath() throws Exception {
        Path module = directory.resolve("com.acme.genv");
        int status = ToolProvider.findFirst("javac")
                .orElseThrow()
                .run(
                        System.out,
                        System.err,
                        "-Xlint:all",
                        "-Werror",
                        "-p",
                        Built.MODULES.toString(),
                        "-d",
                        module.toString(),
                        SOURCES.resolve("module/module-info.java").toString(),
                        SOURCES.resolve("java/com/acme/genv/AcmeBackend.java").toString());
        assertThat(status).as("exit status of javac").isZero();

        Path driver = Files.createDirectory(directory.resolve("driver"));
        for (String address : List.of("0000:86:00.0", "0000:3b:00.0")) {
            Path device = Files.createDirectory(driver.resolve(address));
            Files.writeString(device.resolve("uuid"), "ACME-" + address);
            Files.writeString(device.resolve("memory_total"), "16gi");
        }
        Program program = Program.java(
                directory.resolve("state"),
                Map.of(),
                List.of(
                        "-Dgenv.backend=acme",
                        "-Dacme.root=" + driver,
                        "-p",
                        module + ":" + Built.PROGRAMS + ":" + Built.MODULES,
                        "--enable-native-access=genv.core,genv.nvml",
                        "-m",
                        "genv.examples/genv.examples.StartChild",
                        "sh",
                        "-c",
                        "echo devices $ACME_VISIBLE_DEVICES"));
        assertThat(program.succeed()).containsExactly("devices 0", "child ended with status 0");
    }
}
