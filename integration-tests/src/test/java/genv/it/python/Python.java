// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;

/** A Python script of these tests that answers lines. */
final class Python implements AutoCloseable {
    private final Process process;
    private final Writer in;
    private final BufferedReader out;

    /** Talks with a process that was started. */
    Python(Process process) {
        this.process = process;
        this.in = process.outputWriter(UTF_8);
        this.out = process.inputReader(UTF_8);
    }

    /** Skips the test where Python lacks one of the modules. */
    static void assumeThere(String modules) throws InterruptedException {
        boolean there;
        try {
            there = new ProcessBuilder("python3", "-c", "import " + modules)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException noPython) {
            there = false;
        }
        Assumptions.assumeTrue(there, "needs Python with " + modules);
    }

    /** Puts a script of these tests into a directory. */
    static Path script(Path directory, String name) throws IOException {
        try (InputStream text = Python.class.getResourceAsStream(name)) {
            return Files.write(
                    directory.resolve(name), Objects.requireNonNull(text, name).readAllBytes());
        }
    }

    /** What it answers. */
    String asked(String line) throws IOException {
        in.write(line + "\n");
        in.flush();
        return String.valueOf(out.readLine());
    }

    Process process() {
        return process;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        out.close();
    }
}
