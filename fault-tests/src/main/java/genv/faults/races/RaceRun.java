// SPDX-License-Identifier: Apache-2.0
package genv.faults.races;

import genv.faults.Run;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs jcstress, in a JVM of its own that starts others: each test in each mode of compilation that the JVM has. It draws
 * its own seeds.
 */
public final class RaceRun {
    private static final Pattern RESULTS = Pattern.compile("\\(Results: (.*)\\)");
    private static final Pattern SAMPLES = Pattern.compile("^ +\\S.*?  +([\\d,]+) +<?[\\d.]+% +.*");

    private final Run run;
    private final Path report;

    /** The count of the run is that of iterations of a second, of each test in each mode. */
    public RaceRun(Run run) {
        this.run = run;
        this.report = run.directory().resolve("report");
    }

    /** Runs it; a summary, or an {@link AssertionError}. */
    public String call() throws IOException, InterruptedException {
        Path log = run.directory().resolve("jcstress.log");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "org.openjdk.jcstress.Main",
                        "-v",
                        "-iters",
                        Integer.toString(run.count()),
                        "-time",
                        "1000",
                        // few states at a time: see genv.core.state.Lot
                        "-strideSize",
                        "4",
                        "-strideCount",
                        "4",
                        // waiting threads give way: the machine may be busy
                        "-spinStyle",
                        "THREAD_YIELD",
                        "-r",
                        report.toString()))
                .directory(run.directory().toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        long samples = 0;
        String results = "none";
        StringBuilder failed = new StringBuilder();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
                var out = Files.newBufferedWriter(log)) {
            boolean summing = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                out.write(line);
                out.newLine();
                Matcher matcher = RESULTS.matcher(line);
                if (matcher.matches()) {
                    results = matcher.group(1);
                    String now = results;
                    run.progress().update(() -> "races: " + now);
                }
                summing |= line.startsWith("RUN RESULTS");
                Matcher row = SAMPLES.matcher(line);
                if (summing && row.matches()) {
                    samples += Long.parseLong(row.group(1).replace(",", ""));
                }
                if (line.contains("Observed forbidden state") || line.contains("had failed")) {
                    failed.append(System.lineSeparator()).append(line);
                }
            }
        }
        int status = process.waitFor();
        if (status != 0) {
            throw new AssertionError("jcstress ended with status=" + status + " log=" + log + failed);
        }
        return "runs: " + results + "; samples=" + samples;
    }
}
