// SPDX-License-Identifier: Apache-2.0
package genv.faults.neighbours;

import static genv.faults.neighbours.Neighbour.ok;
import static genv.faults.neighbours.Neighbour.refused;
import static org.assertj.core.api.Assertions.assertThat;

import genv.testkit.process.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Users who share a directory: whoever comes first, with whatever umask, the other can take part and is not harmed. */
class UsersTest {
    private Path temp;
    private Path state;

    @BeforeEach
    void prepare(@TempDir Path directory) throws Exception {
        temp = directory;
        state = directory.resolve("state");
        Machine.assumeOtherUser();
        Machine.openToAll(directory);
    }

    private ChildJvm start(String umask, boolean asOther) {
        Stream<String> user =
                asOther ? Stream.of("setpriv", "--reuid=" + Machine.OTHER_UID, "--clear-groups") : Stream.of();
        Stream<String> shell = Stream.of("sh", "-c", "umask " + umask + "; exec \"$@\"", "sh");
        return Neighbour.on(state)
                .name(asOther ? "other" : "own")
                .wrapper(Stream.concat(user, shell).toArray(String[]::new))
                .classPathCopiedTo(temp.resolve("classes"))
                .workingDirectory(Path.of("/"))
                .start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"077", "000"})
    void shouldShareADirectoryWhenUsersHaveUnusualUmasks(String umask) throws Exception {
        for (boolean otherIsFirst : new boolean[] {true, false}) {
            state = temp.resolve("state-" + otherIsFirst);
            Files.createDirectory(state);
            Files.setAttribute(state, "unix:mode", 01777);
            try (ChildJvm first = start(umask, otherIsFirst)) {
                assertThat(ok(first, "activate first 1")).isEqualTo("[0]");
                try (ChildJvm second = start(umask, !otherIsFirst)) {
                    assertThat(refused(second, "activate second 2")).contains("DevicesUnavailableException", "first");
                    assertThat(ok(second, "activate second 1")).isEqualTo("[1]");
                    assertThat(ok(first, "envs")).isEqualTo("first,second");
                    first.kill();
                    ok(second, "leave");
                    assertThat(ok(second, "activate second 2")).isEqualTo("[0, 1]");
                }
            }
            for (String name : new String[] {"genv.state", "genv.live"}) {
                assertThat((Integer) Files.getAttribute(state.resolve(name), "unix:mode") & 07777)
                        .as("mode of " + name)
                        .isEqualTo(01666);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldRefuseToJoinTheEnvironmentOfAnotherUser(boolean rootAsks) throws Exception {
        Files.createDirectory(state);
        Files.setAttribute(state, "unix:mode", 01777);
        try (ChildJvm owner = start("022", rootAsks);
                ChildJvm asker = start("022", !rootAsks)) {
            ok(owner, "activate mine 1");
            if (rootAsks) {
                // root may do what it likes, as everywhere
                ok(asker, "activate mine 0");
                assertThat(ok(owner, "envs")).isEqualTo("mine");
            } else {
                assertThat(refused(asker, "activate mine 1")).contains("AccessDeniedException", "mine");
                assertThat(ok(asker, "activate other 1")).isEqualTo("[1]");
            }
        }
    }
}
