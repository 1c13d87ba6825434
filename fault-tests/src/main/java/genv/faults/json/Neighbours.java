// SPDX-License-Identifier: Apache-2.0
package genv.faults.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The Python processes of a run: they are not killed, since Genv writes in place and would leave a half file. */
final class Neighbours implements AutoCloseable {
    private static final int COUNT = 2;

    private final List<Process> processes;

    private Neighbours(List<Process> processes) {
        this.processes = processes;
    }

    /** None where there is no Python. */
    static Neighbours start(Path directory, Path state, Path claims) throws IOException {
        Path script = directory.resolve("neighbour.py");
        try (InputStream text = Neighbours.class.getResourceAsStream("neighbour.py")) {
            Files.write(script, Objects.requireNonNull(text).readAllBytes());
        }
        List<Process> started = new ArrayList<>();
        try {
            for (int i = 0; i < COUNT; i++) {
                started.add(new ProcessBuilder("python3", script.toString(), state.toString(), claims.toString())
                        .redirectErrorStream(true)
                        .start());
            }
        } catch (IOException noPython) {
            return new Neighbours(List.of());
        }
        return new Neighbours(started);
    }

    /** Throws if one of them has come upon something. */
    void check() throws IOException, InterruptedException {
        for (Process process : processes) {
            if (!process.isAlive()) {
                finish(process);
                throw new AssertionError("a Python process has ended by itself");
            }
        }
    }

    /** Ends them; what they have done. */
    String finish() throws IOException, InterruptedException {
        if (processes.isEmpty()) {
            return "python=none";
        }
        List<String> said = new ArrayList<>();
        for (Process process : processes) {
            process.getOutputStream().close();
            said.add(finish(process));
        }
        return "python=" + said;
    }

    private static String finish(Process process) throws IOException, InterruptedException {
        String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new AssertionError("a Python process failed: " + said);
        }
        return said;
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
    }
}
