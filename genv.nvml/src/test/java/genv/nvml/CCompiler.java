// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The machine's programs, for tests that are skipped where they are missing. */
final class CCompiler {
    private static final Path FAKE_NVML = Path.of("src", "test", "native", "fake_nvml.c");

    private CCompiler() {}

    /** Returns a program on the PATH. */
    static Optional<Path> program(String name) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Runs a program to its end and returns what it wrote to standard output. */
    static String run(Path log, List<String> command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command).redirectError(log.toFile()).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new AssertionError("program failed: command=" + command + ", status=" + status + ", output=" + output
                    + Files.readString(log));
        }
        return output;
    }

    /** Compiles a C file against the header, or skips the test where there is no compiler. */
    static Path compile(Path source, Path output, String... options) throws IOException, InterruptedException {
        Optional<Path> cc = program("cc");
        Assumptions.assumeTrue(cc.isPresent(), "no C compiler: program=cc");
        List<String> command = new ArrayList<>(List.of(cc.orElseThrow().toString(), "-std=gnu11", "-Wall", "-Werror"));
        command.addAll(List.of(options));
        command.addAll(List.of("-I", NvmlAbiHeader.DIRECTORY.toString(), "-o", output.toString(), source.toString()));
        run(output.resolveSibling("cc.log"), command);
        return output;
    }

    /** Builds the small NVML for tests. */
    static Path fakeNvml(Path directory) throws IOException, InterruptedException {
        return compile(FAKE_NVML, directory.resolve("libfake-nvml.so"), "-shared", "-fPIC", "-O2");
    }
}
