// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.DeviceInfo;
import genv.api.GenvHost;
import genv.api.GenvOptions;
import genv.api.Snapshot;
import genv.api.StateFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The directory, the devices and the hosts of one test. */
final class TestHosts implements GenvHosts {
    private final Path directory;
    private final Path workingDirectory;
    private final SimulatedBackend backend;
    private final boolean checkLeaks;

    /** In the order in which they were opened; guarded by {@code this}. */
    private final List<GenvHost> opened = new ArrayList<>();

    private @Nullable GenvHost first;

    private TestHosts(Path directory, Path workingDirectory, SimulatedBackend backend, boolean checkLeaks) {
        this.directory = directory;
        this.workingDirectory = workingDirectory;
        this.backend = backend;
        this.checkLeaks = checkLeaks;
    }

    static TestHosts create(GenvTest test, StateFormat format) {
        SimulatedBackend.Builder devices =
                SimulatedBackend.builder().count(test.devices()).totalMemory(test.memory());
        if (test.names().length > 0) {
            devices.names(test.names());
        }
        SimulatedBackend backend = devices.build();
        try {
            Path directory = Files.createTempDirectory("genv-test-");
            Path work = Files.createDirectory(directory.resolve("work"));
            if (format == StateFormat.JSON) {
                createJson(directory.resolve("state"));
            }
            return new TestHosts(directory, work, backend, test.checkLeaks());
        } catch (IOException e) {
            throw new UncheckedIOException("directory of the test cannot be made", e);
        }
    }

    /** A state directory as Python Genv makes it. */
    private static void createJson(Path state) throws IOException {
        Files.createDirectory(state);
        Path envs = Files.writeString(state.resolve("envs.json"), "{\n  \"envs\": []\n}");
        Files.setPosixFilePermissions(envs, PosixFilePermissions.fromString("rw-rw-rw-"));
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    @Override
    public synchronized GenvHost host() {
        GenvHost host = first;
        if (host == null) {
            host = open();
            first = host;
        }
        return host;
    }

    @Override
    public synchronized GenvHost open(UnaryOperator<GenvOptions.Builder> options) {
        GenvHost host = GenvHost.open(options.apply(options()).build());
        opened.add(host);
        return host;
    }

    @Override
    public SimulatedBackend backend() {
        return backend;
    }

    @Override
    public Path stateDirectory() {
        return directory.resolve("state");
    }

    @Override
    public Path workingDirectory() {
        return workingDirectory;
    }

    private GenvOptions.Builder options() {
        return GenvOptions.builder()
                .stateDirectory(stateDirectory())
                .backend(backend)
                .processEnvironment(false)
                .workingDirectory(workingDirectory);
    }

    /** Closes all hosts, the last one first, looks for what is left, and deletes the directory in any case. */
    synchronized void end() throws IOException {
        try (AutoCloseableDirectory _ = () -> delete(directory)) {
            closeAll();
            if (checkLeaks && Files.exists(stateDirectory())) {
                requireNothingLeft();
            }
        }
    }

    private void closeAll() {
        RuntimeException failed = null;
        for (GenvHost host : opened.reversed()) {
            try {
                host.close();
            } catch (RuntimeException e) {
                if (failed == null) {
                    failed = e;
                } else {
                    failed.addSuppressed(e);
                }
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    private void requireNothingLeft() {
        // a test may have taken the devices away, which is no reason to fail here
        backend.setAvailable();
        backend.setWorking();
        Snapshot left;
        try (GenvHost fresh = GenvHost.open(options().build())) {
            left = fresh.snapshot();
        }
        boolean held = left.devices().stream().anyMatch(TestHosts::held);
        if (held || !left.envs().isEmpty()) {
            throw new AssertionError("something is left after the hosts of the test were closed: envs=" + left.envs()
                    + ", devices="
                    + left.devices().stream().filter(TestHosts::held).toList()
                    + "; end the processes that are in it, or use @GenvTest(checkLeaks = false)");
        }
    }

    private static boolean held(DeviceInfo device) {
        return !(device.attachments().isEmpty()
                && device.lockHolders().isEmpty()
                && device.waiters().isEmpty());
    }

    private static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e) throws IOException {
                if (e != null) {
                    throw e;
                }
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private interface AutoCloseableDirectory extends AutoCloseable {
        @Override
        void close() throws IOException;
    }
}
