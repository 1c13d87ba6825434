// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Sends signals to processes that this JVM started, for which Java has no call. */
final class Signals {
    private Signals() {}

    /** Through the shell's own {@code kill}, which is there even where no such program is installed. */
    static void send(String signal, ProcessHandle process) throws InterruptedException {
        if (!process.isAlive()) {
            throw new AssertionError("child is dead: pid=" + process.pid() + ", signal=" + signal);
        }
        try {
            Process kill = new ProcessBuilder(
                            "sh", "-c", "kill -s \"$1\" \"$2\"", "sh", signal, Long.toString(process.pid()))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(kill.getInputStream().readAllBytes(), UTF_8);
            int status = kill.waitFor();
            if (status != 0) {
                throw new AssertionError("signal was not sent: signal=" + signal + ", pid=" + process.pid()
                        + ", status=" + status + ", output=" + output.strip());
            }
        } catch (IOException e) {
            throw new AssertionError("signal cannot be sent: signal=" + signal + ", pid=" + process.pid(), e);
        }
    }

    /**
     * Waits until no thread of a process runs any more. A signal that stops is sent at once but takes effect in each
     * thread on its own, and a thread that goes on for a moment would make a test's outcome a matter of luck.
     */
    static void awaitStopped(ProcessHandle process, Duration limit) throws InterruptedException {
        Path tasks = Path.of("/proc", Long.toString(process.pid()), "task");
        long end = System.nanoTime() + limit.toNanos();
        while (!allStopped(tasks)) {
            if (!process.isAlive()) {
                throw new AssertionError("child died instead of being stopped: pid=" + process.pid());
            }
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("child does not stop: pid=" + process.pid() + ", limit=" + limit);
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static boolean allStopped(Path tasks) {
        if (!Files.isDirectory(Path.of("/proc/self/task"))) {
            // no such files outside of Linux: the signal was sent, and that is all one can know
            return true;
        }
        int seen = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                String stat = Files.readString(thread.resolve("stat"), UTF_8);
                // proc(5): pid (name) state …; the name may itself have a parenthesis
                if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
                    return false;
                }
                seen++;
            }
        } catch (NoSuchFileException ended) {
            return false;
        } catch (IOException e) {
            // a thread that ends while it is read gives ESRCH
            return false;
        }
        return seen > 0;
    }
}
