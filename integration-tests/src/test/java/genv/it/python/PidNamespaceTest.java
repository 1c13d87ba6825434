// SPDX-License-Identifier: Apache-2.0
package genv.it.python;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import genv.it.peer.Peer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program in a pid namespace of its own, whose state directory is one of the host. */
class PidNamespaceTest {
    private static final String[] OWN_PIDS = {"unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c"};

    @TempDir
    private Path parent;

    @Test
    void shouldWarnWhereADirectoryOfTheHostIsMountedIntoANamespaceOfItsOwn() throws Exception {
        Path directory = PythonState.create(parent).directory();
        String mount = "mount --bind " + directory + " " + directory;
        assumeTrue(
                new ProcessBuilder(with(mount, "true")).start().waitFor() == 0,
                "needs the right to make namespaces and mounts");
        assertThat(saidIn(directory, mount + "; "))
                .contains("directory=" + directory, "another pid namespace", "GENV_CONTAINER", "GENV_TMPDIR");
        assertThat(saidIn(directory, "")).as("not mounted").doesNotContain("another pid namespace");
    }

    private static String saidIn(Path directory, String before) {
        try (Peer peer = Peer.on(directory, 2, "16g", child -> child.wrapper(with(before + "\"$@\"; exit $?", "sh")))) {
            peer.does("envs");
            peer.does("activate gpus=1");
            peer.exits();
            return peer.process().errorOutput();
        }
    }

    private static String[] with(String script, String... more) {
        String[] words = java.util.Arrays.copyOf(OWN_PIDS, OWN_PIDS.length + 1 + more.length);
        words[OWN_PIDS.length] = script;
        System.arraycopy(more, 0, words, OWN_PIDS.length + 1, more.length);
        return words;
    }
}
