// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.benchmarks.startup.Commands;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Compiles the small C library that stands in for NVIDIA's. */
public final class SmallNvml {
    /** Libraries that JavaCPP's own ask for by these names, without calling anything in them here. */
    static final List<String> EMPTY = List.of("libcuda.so.1", "libcudart.so.13");

    private SmallNvml() {}

    /** {@return the library; empty where there is no C compiler} */
    public static Optional<Path> compile(Path root, Path directory) {
        boolean compiler = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .anyMatch(entry -> Files.isExecutable(Path.of(entry, "cc")));
        if (!compiler) {
            return Optional.empty();
        }
        Path library = directory.resolve("libsmall-nvml.so");
        Path module = root.resolve("genv.nvml").resolve("src");
        library(
                library,
                "libnvidia-ml.so.1",
                "-I",
                module.resolve("main").resolve("native").toString(),
                module.resolve("test").resolve("native").resolve("fake_nvml.c").toString());
        for (String soname : EMPTY) {
            library(directory.resolve(soname), soname, "-x", "c", "/dev/null");
        }
        return Optional.of(library);
    }

    private static void library(Path output, String soname, String... source) {
        List<String> command = new ArrayList<>(List.of(
                "cc", "-std=gnu11", "-O2", "-shared", "-fPIC", "-Wl,-soname," + soname, "-o", output.toString()));
        command.addAll(List.of(source));
        Commands.output(command);
    }
}
