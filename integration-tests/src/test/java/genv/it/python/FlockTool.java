// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The program {@code flock} of util-linux, which takes the same locks as Python's {@code fcntl.flock}. */
final class FlockTool implements AutoCloseable {
    private final Process process;

    private FlockTool(Process process) {
        this.process = process;
    }

    static void assumeThere() {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/flock")), "needs the program flock of util-linux");
    }

    /** Holds a lock until it is closed. */
    static FlockTool hold(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Process process = new ProcessBuilder("/usr/bin/flock", file.toString(), "sh", "-c", "echo held; read line")
                .redirectErrorStream(true)
                .start();
        FlockTool tool = new FlockTool(process);
        byte[] said = process.getInputStream().readNBytes(5);
        assertThat(new String(said, java.nio.charset.StandardCharsets.UTF_8)).isEqualTo("held\n");
        return tool;
    }

    /** Whether a lock can be had at once. */
    static boolean isFree(Path file) throws IOException, InterruptedException {
        return new ProcessBuilder("/usr/bin/flock", "--nonblock", file.toString(), "true")
                        .start()
                        .waitFor()
                == 0;
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
