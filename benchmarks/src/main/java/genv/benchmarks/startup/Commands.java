// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.startup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs programs to their end, and throws where they fail. */
public final class Commands {
    private Commands() {}

    /** What a program wrote, and the nanoseconds from its start to its end. */
    record Ran(String output, long nanos) {}

    /** {@return what a program wrote} */
    public static String output(List<String> command) {
        return run(Map.of(), command).output();
    }

    /** Runs a program with some more variables. */
    static Ran run(Map<String, String> variables, List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(variables);
            long start = System.nanoTime();
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            long end = System.nanoTime();
            if (status != 0) {
                throw new IllegalStateException(
                        "a program failed: status=" + status + ", command=" + command + ", output=" + output);
            }
            return new Ran(output, end - start);
        } catch (IOException e) {
            throw new UncheckedIOException("a program cannot be started: command=" + command, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("a benchmark was interrupted", e);
        }
    }

    /** {@return a program of the JDK that runs this} */
    static String ofJdk(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }
}
