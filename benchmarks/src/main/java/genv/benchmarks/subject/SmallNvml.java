// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import genv.benchmarks.startup.Commands;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Compiles the small C library that stands in for NVIDIA's. */
public final class SmallNvml {
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
        Commands.output(List.of(
                "cc",
                "-std=gnu11",
                "-O2",
                "-shared",
                "-fPIC",
                "-Wl,-soname,libnvidia-ml.so.1",
                "-I",
                module.resolve("main").resolve("native").toString(),
                "-o",
                library.toString(),
                module.resolve("test").resolve("native").resolve("fake_nvml.c").toString()));
        return Optional.of(library);
    }
}
