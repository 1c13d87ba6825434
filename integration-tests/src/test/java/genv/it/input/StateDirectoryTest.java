// SPDX-License-Identifier: Apache-2.0
package genv.it.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import genv.api.Activation;
import genv.api.ActivationRequest;
import genv.api.DeviceRequest;
import genv.api.EnvConfig;
import genv.api.EnvInfo;
import genv.api.GenvException;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.Snapshot;
import genv.api.StateException;
import genv.it.check.Contents;
import genv.it.check.Refusal;
import genv.it.peer.OtherUser;
import genv.testkit.SimulatedBackend;
import genv.testkit.process.ChildContext;
import genv.testkit.process.ChildJvm;
import genv.testkit.process.ChildTask;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** State directories that cannot serve: the error says why, and what was there is as it was. */
class StateDirectoryTest {
    private Path root;
    private Path directory;

    @BeforeEach
    void prepare(@TempDir Path temp) {
        root = temp;
        directory = temp.resolve("state");
    }

    private static GenvOptions options(Path directory) {
        return GenvOptions.builder()
                .stateDirectory(directory)
                .backend(SimulatedBackend.of(2))
                .processEnvironment(false)
                .build();
    }

    private void refusedUnchanged(String... parts) throws IOException {
        refusedUnchanged(directory, parts);
    }

    private void refusedUnchanged(Path opened, String... parts) throws IOException {
        Map<Path, String> before = Contents.of(root);
        for (int i = 0; i < 2; i++) {
            Refusal.of(
                    StateException.class, () -> GenvHost.open(options(opened)).close(), parts);
        }
        Map<Path, String> after = new TreeMap<>(Contents.of(root));
        // made before anything else is looked at; empty, so it says nothing and can be used later
        if (!before.containsKey(opened.resolve("genv.live"))) {
            String made = after.remove(opened.resolve("genv.live"));
            assertThat(made).isIn(null, "101666 0 ");
        }
        assertThat(after).as("what is in the directory").isEqualTo(before);
    }

    // ---- not a directory -------------------------------------------------------------------------------------------

    @Test
    void shouldRefuseAFile() throws IOException {
        Files.writeString(directory, "mine");
        refusedUnchanged("path=" + directory, "not a directory");
    }

    @Test
    void shouldRefuseALink() throws IOException {
        Path real = Files.createDirectory(root.resolve("real"));
        Files.createSymbolicLink(directory, real);
        refusedUnchanged("path=" + directory, "link");
        Files.delete(directory);
        Files.createSymbolicLink(directory, root.resolve("nowhere"));
        refusedUnchanged("path=" + directory, "link");
    }

    @Test
    void shouldRefuseADirectoryWithoutAParent() throws IOException {
        refusedUnchanged(root.resolve("no").resolve("state"), "no");
        Files.writeString(directory, "mine");
        refusedUnchanged(directory.resolve("state"), directory.toString());
    }

    @Test
    void shouldRefuseANameThatIsTooLong() throws IOException {
        refusedUnchanged(root.resolve("x".repeat(300)), "too long");
    }

    /** Opens the directory that the variable names. */
    static final class Named implements ChildTask {
        @Override
        public void run(ChildContext context) {
            try (GenvHost host = GenvHost.open(
                    GenvOptions.builder().backend(SimulatedBackend.of(2)).build())) {
                context.send("opened " + host.snapshot().envs().size());
            } catch (GenvException e) {
                context.send("refused " + e.getClass().getSimpleName() + " " + e.getMessage());
            }
        }
    }

    /** Others, who take the bytes as they are, would use another directory. */
    @ParameterizedTest
    @CsvSource({
        "C.UTF-8, \\351, GENV_TMPDIR is not in UTF-8",
        "C, \\303\\251, GENV_TMPDIR has characters that file names have in another form in this locale"
    })
    void shouldRefuseANameThatWouldLeadToAnotherDirectory(String locale, String octal, String message)
            throws IOException {
        String command = "GENV_TMPDIR=\"$1$(printf '" + octal + "')\" LC_ALL=" + locale
                + "; export GENV_TMPDIR LC_ALL; shift;" + " exec \"$@\"";
        try (ChildJvm child = ChildJvm.of(Named.class)
                .wrapper("sh", "-c", command, "sh", directory.toString())
                .start()) {
            assertThat(child.expect("refused")).contains("StateException " + message, "value=" + directory, "choose");
            child.awaitExit();
        }
        assertThat(Contents.of(root)).containsOnlyKeys(root);
    }

    // ---- permissions -----------------------------------------------------------------------------------------------

    /** Opens the directories of its arguments and tells what came of it. */
    static final class Opens implements ChildTask {
        @Override
        public void run(ChildContext context) {
            for (String argument : context.arguments()) {
                try (GenvHost host = GenvHost.open(options(Path.of(argument)))) {
                    context.send("opened " + host.snapshot().envs().size());
                } catch (GenvException e) {
                    context.send("refused " + e.getClass().getSimpleName() + " " + e.getMessage());
                }
            }
        }
    }

    @Test
    void shouldRefuseWhatThisUserMayNotReadOrWrite(@TempDir Path classes) throws IOException {
        OtherUser user = OtherUser.prepare(classes);
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path unreadable = directory("unreadable", "rwx------");
        Path readOnly = directory("read-only", "r-xr-xr-x");
        Path notCreated = readOnly.resolve("new");
        Path privateFiles = directory("private-files", "rwxrwxrwx");
        Files.setAttribute(privateFiles, "unix:mode", 01777);
        GenvHost.open(options(privateFiles)).close();
        Files.setPosixFilePermissions(privateFiles.resolve("genv.state"), PosixFilePermissions.fromString("rw-------"));
        List<Path> all = List.of(unreadable, readOnly, notCreated, privateFiles);
        Map<Path, String> before = Contents.of(root);
        try (ChildJvm child = user.as(ChildJvm.of(Opens.class)
                        .arguments(all.stream().map(Path::toString).toArray(String[]::new)))
                .start()) {
            for (Path path : all) {
                String refused = child.expect("refused");
                assertThat(refused).startsWith("StateException ");
                Refusal.isClear(refused.split(" ", 2)[1], path.toString(), "uid=" + OtherUser.UID);
            }
            child.awaitExit();
        }
        assertThat(Contents.of(root)).isEqualTo(before);
    }

    @Test
    void shouldRefuseADirectoryInWhichEverybodyMayRemoveFiles(@TempDir Path classes) throws IOException {
        OtherUser user = OtherUser.prepare(classes);
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path open = directory("open", "rwxrwxrwx");
        Files.setAttribute(open, "unix:uid", 12345);
        try (ChildJvm child =
                user.as(ChildJvm.of(Opens.class).arguments(open.toString())).start()) {
            String refused = child.expect("refused");
            Refusal.isClear(refused.split(" ", 2)[1], open.toString(), "chmod +t");
            child.awaitExit();
        }
        assertThat(open).isEmptyDirectory();
    }

    private Path directory(String name, String permissions) throws IOException {
        Path made = Files.createDirectory(root.resolve(name));
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString(permissions));
        return made;
    }

    // ---- file systems ----------------------------------------------------------------------------------------------

    /** A small file system in memory; only root can mount one. */
    private record Tmpfs(Path path) implements AutoCloseable {
        static Tmpfs mount(Path path, String options) throws IOException, InterruptedException {
            Files.createDirectory(path);
            int status = run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path.toString());
            assumeTrue(status == 0, "a file system cannot be mounted by this user");
            return new Tmpfs(path);
        }

        void remount(String options) throws IOException, InterruptedException {
            assertThat(run("mount", "-o", "remount," + options, path.toString()))
                    .isZero();
        }

        private static int run(String... command) throws IOException, InterruptedException {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }

        @Override
        public void close() throws IOException {
            new ProcessBuilder("umount", "--lazy", path.toString())
                    .start()
                    .onExit()
                    .join();
        }
    }

    @Test
    void shouldRefuseAReadOnlyFileSystem() throws Exception {
        try (Tmpfs disk = Tmpfs.mount(directory, "size=1m")) {
            disk.remount("ro");
            refusedUnchanged("path=" + directory, "read-only");
            Path inside = directory.resolve("state");
            refusedUnchanged(inside, inside.toString(), "read-only");
        }
    }

    @Test
    void shouldRefuseAFullDiskAtCreation() throws Exception {
        try (Tmpfs _ = Tmpfs.mount(directory, "size=64k")) {
            Files.write(directory.resolve("filler"), new byte[60 * 1024]);
            refusedUnchanged("path=" + directory, "full");
        }
    }

    @Test
    void shouldRefuseWhatDoesNotFitOnAFullDiskAndGoOnWithTheRest() throws Exception {
        try (Tmpfs _ = Tmpfs.mount(directory, "size=8m");
                GenvHost host = GenvHost.open(options(directory));
                GenvHost other = GenvHost.open(options(directory))) {
            Activation first = host.activate(
                    ActivationRequest.of(EnvConfig.builder().gpus(1).build()).eid("a"));
            Path filler = directory.resolve("filler");
            fill(filler);
            StateException full = untilFull(other, 0);
            Refusal.isClear(String.valueOf(full.getMessage()), directory.toString(), "full");
            assertThat(first.devices()).containsExactly(0);
            assertThat(host.snapshot().envs()).extracting(EnvInfo::eid).containsExactly("a");
            assertThat(host.detach()).isEmpty();
            first.close();
            Files.delete(filler);
            try (Activation again = host.activate(
                    ActivationRequest.of(EnvConfig.builder().gpus(2).build()).eid("again"))) {
                assertThat(again.devices()).containsExactly(0, 1);
            }
        }
    }

    /** Nests task scopes, so that the state grows, until the disk is full. */
    private static StateException untilFull(GenvHost host, int depth) {
        assertThat(depth).as("environments on a full disk").isLessThan(4096);
        Snapshot before = host.snapshot();
        ActivationRequest request = ActivationRequest.of(
                        EnvConfig.builder().name("n".repeat(128)).build())
                .eid("task-" + depth);
        AtomicReference<StateException> inner = new AtomicReference<>();
        try {
            host.run(request, () -> inner.set(untilFull(host, depth + 1)));
        } catch (StateException full) {
            if (inner.get() != null) {
                throw new AssertionError("an environment cannot be left on a full disk: depth=" + depth, full);
            }
            assertThat(host.snapshot()).as("nothing of the failed one").isEqualTo(before);
            return full;
        }
        return inner.get();
    }

    private static void fill(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(4096);
            while (true) {
                block.clear();
                channel.write(block);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    // ---- foreign files ---------------------------------------------------------------------------------------------

    private Path stateFile() throws IOException {
        Files.createDirectories(directory);
        return directory.resolve("genv.state");
    }

    @Test
    void shouldRefuseAForeignFile() throws IOException {
        Path file = stateFile();
        Files.writeString(file, "this is the state of another program, and quite long. ".repeat(1000));
        refusedUnchanged(file.toString());
    }

    @Test
    void shouldRefuseAShortFile() throws IOException {
        Path file = stateFile();
        Files.writeString(file, "{}");
        refusedUnchanged(file.toString());
        Files.writeString(file, "");
        refusedUnchanged(file.toString());
    }

    @Test
    void shouldRefuseWhatIsNoFile() throws Exception {
        Path file = stateFile();
        Files.createDirectory(file);
        refusedUnchanged(file.toString());
        Files.delete(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        refusedUnchanged(file.toString());
        Files.delete(file);
        Files.createSymbolicLink(file, root.resolve("elsewhere"));
        refusedUnchanged(file.toString(), "link");
    }

    @Test
    void shouldRefuseALiveFileThatIsNone() throws IOException {
        Files.createDirectory(directory);
        Path live = directory.resolve("genv.live");
        Path victim = Files.writeString(root.resolve("victim"), "precious");
        Files.createSymbolicLink(live, victim);
        refusedUnchanged(live.toString(), "link");
        Files.delete(live);
        Files.createDirectory(live);
        refusedUnchanged(live.toString());
    }

    @Test
    void shouldRefuseAHardLinkToAFileOfSomebodyElse() throws IOException {
        Path victim = Files.writeString(root.resolve("victim"), "precious");
        Files.createLink(stateFile(), victim);
        refusedUnchanged(stateFile().toString());
    }

    // ---- other versions --------------------------------------------------------------------------------------------

    /** A real state file in which one word is replaced. */
    private Path changed(long offset, long value) throws IOException {
        GenvHost.open(options(directory)).close();
        Path file = stateFile();
        write(file, offset, value);
        return file;
    }

    private static void write(Path file, long offset, long value) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer word =
                    ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, value);
            channel.write(word, offset);
        }
    }

    private static long read(Path file, long offset) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer word = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
            channel.read(word, offset);
            return word.getLong(0);
        }
    }

    @Test
    void shouldRefuseANewerFile() throws IOException {
        Path file = changed(8, 0);
        write(file, 8, 1_000);
        refusedUnchanged(file.toString(), "1000", "newer");
    }

    @Test
    void shouldRefuseAnUnreadyFileOrOneOfTheOtherByteOrder() throws IOException {
        Path file = changed(8, 0);
        refusedUnchanged(file.toString());
        GenvHost fresh = GenvHost.open(options(root.resolve("other")));
        fresh.close();
        Path other = root.resolve("other").resolve("genv.state");
        write(other, 0, Long.reverseBytes(read(other, 0)));
        refusedUnchanged(root.resolve("other"), other.toString());
    }

    @Test
    void shouldRefuseATruncatedFile() throws IOException {
        GenvHost.open(options(directory)).close();
        try (FileChannel channel = FileChannel.open(stateFile(), StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        refusedUnchanged(stateFile().toString());
    }

    @Test
    void shouldNotUseFilesThatWereCopied() throws IOException {
        GenvHost.open(options(directory)).close();
        Path copy = Files.createDirectory(root.resolve("copy"));
        Files.copy(stateFile(), copy.resolve("genv.state"));
        Files.copy(directory.resolve("genv.live"), copy.resolve("genv.live"));
        refusedUnchanged(copy, copy.toString());
    }

    // ---- deleted while it is used ----------------------------------------------------------------------------------

    @Test
    void shouldSayThatTheDirectoryWasDeleted() throws IOException {
        try (GenvHost host = GenvHost.open(options(directory))) {
            Activation activation = host.activate(EnvConfig.builder().gpus(1).build());
            assertThat(activation.devices()).containsExactly(0);
            Files.delete(directory.resolve("genv.state"));
            Files.delete(directory.resolve("genv.live"));
            Files.delete(directory);
            Refusal.of(StateException.class, () -> host.attach(DeviceRequest.gpus(2)), directory.toString());
            Refusal.of(StateException.class, host::lock, directory.toString());
            assertThat(directory).doesNotExist();
            // to give back what was had is no use, and does no harm
            assertThat(host.detach()).isEmpty();
            activation.close();
        }
    }
}
