// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static genv.faults.neighbours.Neighbour.ok;
import static genv.faults.neighbours.Neighbour.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.GenvHost;
import genv.api.StateException;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** File systems that fill up, or become read-only, while processes use the state on them. */
class FileSystemsTest {
    private Path mount;
    private Path state;

    @BeforeEach
    void prepare(@TempDir Path temp) throws IOException {
        Machine.assumeMounts(temp);
        mount = Files.createDirectory(temp.resolve("mount"));
        state = mount.resolve("state");
        Machine.run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", mount.toString());
    }

    @AfterEach
    void unmount() {
        if (Files.exists(mount)) {
            Machine.run("umount", mount.toString());
        }
    }

    @Test
    void shouldGoOnWhenTheDiskIsFullAndRefuseWhatNeedsSpace() throws IOException {
        try (ChildJvm member = Neighbour.on(state).name("member").start()) {
            assertThat(ok(member, "activate member 1")).isEqualTo("[0]");
            Path filler = mount.resolve("filler");
            fill(filler);
            try (ChildJvm newcomer = Neighbour.on(state).name("newcomer").start()) {
                newcomer.tell("activate newcomer 1");
                String answer = newcomer.next();
                // which pages it needs is its luck, but it says either what it got or that the disk is full
                assertThat(answer).containsAnyOf("ok [1]", "the disk is full");
                assertThat(ok(member, "envs")).startsWith("member");
                Files.delete(filler);
                if (answer.startsWith("refused")) {
                    assertThat(ok(newcomer, "activate newcomer 1")).isEqualTo("[1]");
                }
                ok(member, "leave");
                assertThat(ok(member, "activate member 1")).isEqualTo("[0]");
            }
        }
    }

    private static void fill(Path file) throws IOException {
        byte[] zeros = new byte[4096];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(zeros);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    @Test
    void shouldRefuseNewcomersAndKeepMembersWhenTheFileSystemBecomesReadOnly() {
        try (ChildJvm member = Neighbour.on(state).name("member").start();
                ChildJvm early = Neighbour.on(state).name("early").start()) {
            assertThat(ok(member, "activate member 1")).isEqualTo("[0]");
            assertThat(ok(early, "envs")).isEqualTo("member");
            ChildJvm reads = early;
            // a mapping that is shared and writable keeps a file system from becoming read-only, so a second view of it
            // does
            Path view = mount.resolveSibling("view");
            mountReadOnlyView(view);
            try {
                assertThatThrownBy(() -> GenvHost.open(Neighbour.options(view.resolve("state")))
                                .close())
                        .isInstanceOf(StateException.class)
                        .hasMessageContaining("read-only")
                        .hasMessageContaining("GENV_TMPDIR");
            } finally {
                Machine.run("umount", view.toString());
            }
            assertThat(refused(reads, "activate early 2")).contains("DevicesUnavailableException");
            assertThat(ok(reads, "activate early 1")).isEqualTo("[1]");
        }
    }

    private void mountReadOnlyView(Path view) {
        try {
            Files.createDirectory(view);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Machine.run("mount", "--bind", mount.toString(), view.toString());
        Machine.run("mount", "-o", "remount,bind,ro", view.toString());
    }
}
