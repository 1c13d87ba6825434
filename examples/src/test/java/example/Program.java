// SPDX-License-Identifier: Apache-2.0
package example;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A program that runs as a process of its own, on simulated devices and a state directory of the test. */
final class Program implements AutoCloseable {
    private static final long LIMIT_SECONDS = 120;

    private final Process process;
    private final List<String> output = new ArrayList<>();
    private final Thread reader;

    /** Counted down by each line. */
    private final CountDownLatch said = new CountDownLatch(1);

    private Program(ProcessBuilder builder) throws IOException {
        builder.redirectErrorStream(true);
        process = builder.start();
        reader = new Thread(this::read, "output");
        reader.start();
    }

    /** Starts a program of the examples on the module path, as the README says. */
    static Program onModulePath(Path state, int devices, String name, String... arguments) throws IOException {
        return onModulePath(state, Map.of("GENV_MOCK_DEVICE_COUNT", Integer.toString(devices)), name, arguments);
    }

    /** The same, with these variables. */
    static Program onModulePath(Path state, Map<String, String> variables, String name, String... arguments)
            throws IOException {
        String modules = Built.PROGRAMS + ":" + Built.MODULES;
        List<String> command = new ArrayList<>(List.of(
                "-p",
                modules,
                "--enable-native-access=genv.core,genv.nvml",
                "-m",
                "genv.examples/genv.examples." + name));
        command.addAll(List.of(arguments));
        return java(state, variables, command);
    }

    /** Starts a program of the examples on the class path, as the README says. */
    static Program onClassPath(Path state, int devices, String name) throws IOException {
        String classPath = Built.PROGRAMS + ":" + Built.MODULES + "/*";
        return java(
                state,
                Map.of("GENV_MOCK_DEVICE_COUNT", Integer.toString(devices)),
                List.of("-cp", classPath, "--enable-native-access=ALL-UNNAMED", "genv.examples." + name));
    }

    /** Starts java. */
    static Program java(Path state, Map<String, String> variables, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // no file is shared with other JVMs, of which they might warn each other among what the program says
        command.add("-XX:-UsePerfData");
        command.add("--illegal-native-access=deny");
        command.addAll(arguments);
        return start(state, variables, command);
    }

    /** Starts any command. */
    static Program start(Path state, Map<String, String> variables, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("GENV_TMPDIR", state.toString());
        builder.environment().putAll(variables);
        return new Program(builder);
    }

    private void read() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                synchronized (output) {
                    output.add(line);
                }
                said.countDown();
            }
        } catch (IOException killed) {
            // what it said before is what there is
        }
    }

    /** Waits for the first line that it says. */
    String firstLine() throws InterruptedException {
        if (!said.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the program says nothing: process=" + process);
        }
        return output().getFirst();
    }

    /** Ends the program's input. */
    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** Waits for its end, and gives its output; fails if it did. */
    List<String> succeed() throws InterruptedException {
        return end(0);
    }

    /** Waits for its end with this status, and gives its output. */
    List<String> end(int status) throws InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the program does not end: process=" + process + ", output=" + output());
        }
        reader.join();
        if (process.exitValue() != status) {
            throw new AssertionError("wrong exit status: process=" + process + ", wanted=" + status + ", output="
                    + String.join("\n", output()));
        }
        return output();
    }

    long pid() {
        return process.pid();
    }

    private List<String> output() {
        synchronized (output) {
            return List.copyOf(output);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
