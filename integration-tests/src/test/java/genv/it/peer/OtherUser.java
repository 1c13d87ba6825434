// SPDX-License-Identifier: Apache-2.0
package genv.it.peer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import genv.testkit.GenvHosts;
import genv.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

/** Processes that root starts as another user, {@value #UID}; nobody else can. */
public final class OtherUser {
    /** The user that these processes run as. */
    public static final int UID = 65534;

    private static final List<String> SWITCH = List.of("setpriv", "--reuid=" + UID, "--regid=" + UID, "--clear-groups");

    private final Path classes;

    private OtherUser(Path classes) {
        this.classes = classes;
    }

    /**
     * Prepares for processes of another user.
     *
     * @param directory an empty one, which that user will be able to read
     */
    public static OtherUser prepare(Path directory) throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can start processes of another user");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv of util-linux");
        open(directory);
        return new OtherUser(directory.resolve("classes"));
    }

    /** Lets other users reach the state directory of a test, which lies in one of its owner's own. */
    public static void letIn(GenvHosts hosts) throws IOException {
        open(hosts.workingDirectory().resolve("..").toRealPath());
    }

    private static void open(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** A process of the other user, run by the words if there are some. */
    public ChildJvm.Builder as(ChildJvm.Builder child, String... prefix) {
        return child.wrapper(Stream.concat(SWITCH.stream(), Stream.of(prefix)).toArray(String[]::new))
                .classPathCopiedTo(classes)
                .workingDirectory(Path.of("/"))
                .name("of-uid-" + UID);
    }

    /** Words that run a process with the umask 077. */
    public static String[] withStrictUmask() {
        return new String[] {"sh", "-c", "umask 077; exec \"$@\"", "sh"};
    }
}
