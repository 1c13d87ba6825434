// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** What these tests need of the machine, and what they skip without. */
final class Machine {
    /** The user as whom other users' processes run. */
    static final String OTHER_UID = "65534";

    private Machine() {}

    /** Skips the test where this user may not make a pid namespace. */
    static void assumePidNamespaces() {
        assumeTrue(
                succeeds("unshare", "--pid", "--fork", "--mount-proc", "true"),
                "needs the right to make a pid namespace: unshare --pid --fork --mount-proc true");
    }

    /** Skips the test where this user may not make a mount namespace and mount in it. */
    static void assumeMountNamespaces() {
        assumeTrue(
                succeeds("unshare", "--mount", "mount", "--bind", "/proc/self/comm", "/proc/self/comm"),
                "needs the right to mount in a namespace: unshare --mount mount --bind /proc/self/comm"
                        + " /proc/self/comm");
    }

    /** Skips the test where this user may not make a time namespace, or the kernel has none. */
    static void assumeTimeNamespaces() {
        assumeTrue(
                succeeds("unshare", "--fork", "--time", "--boottime", "1", "true"),
                "needs the right to make a time namespace: unshare --fork --time --boottime 1 true");
    }

    /** Skips the test where this user may not become another one. */
    static void assumeOtherUser() {
        assumeTrue(
                succeeds("setpriv", "--reuid=" + OTHER_UID, "--clear-groups", "true"),
                "needs root and setpriv of util-linux to run a process of another user");
    }

    /** Skips the test where this user may not mount. */
    static void assumeMounts(Path directory) throws IOException {
        Path trial = Files.createDirectory(directory.resolve("trial"));
        boolean mounted = succeeds("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", trial.toString());
        assumeTrue(mounted, "needs the right to mount a file system");
        run("umount", trial.toString());
    }

    /** Lets other users reach a directory of this test. */
    static void openToAll(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Runs a command that must succeed. */
    static void run(String... command) {
        if (!succeeds(command)) {
            throw new AssertionError("command failed: " + List.of(command));
        }
    }

    private static boolean succeeds(String... command) {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException absent) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
