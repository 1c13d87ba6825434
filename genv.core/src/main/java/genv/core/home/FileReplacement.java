// SPDX-License-Identifier: Apache-2.0
package genv.core.home;

import genv.api.GenvException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Replaces several small files in two steps: prepare all, then put each in its place by an atomic move.
 *
 * <p>Whatever can fail for lack of space or permission fails in the first step, with no file changed. A crash in the
 * second step leaves each file whole, either old or new, and perhaps a hidden temporary file. For one thread.
 */
final class FileReplacement implements AutoCloseable {
    /** The temporary file that waits for each place, or empty where the file is to be removed. */
    private final Map<Path, Optional<Path>> prepared = new LinkedHashMap<>();

    /** The directory that was made for the files, until it holds them. */
    private Optional<Path> created = Optional.empty();

    /** Creates a directory for the files; it is removed again where they do not get into their places. */
    void createDirectory(Path directory) {
        try {
            Files.createDirectory(directory);
        } catch (IOException e) {
            throw new GenvException(
                    "configuration directory cannot be created: directory=" + directory + ", reason=" + e
                            + "; check what is there, and the permissions of the directory above",
                    e);
        }
        created = Optional.of(directory);
    }

    /** Prepares the new content of a file, which keeps the permissions it has. An interrupt is kept for later. */
    void write(Path file, String text) {
        refuseDirectory(file);
        boolean interrupted = Thread.interrupted();
        try {
            while (!tryWrite(file, text)) {
                interrupted = true;
                Thread.interrupted(); // so that the next try is not ended by the same interrupt
            }
        } catch (IOException e) {
            throw new GenvException(
                    "configuration file cannot be written, nothing was changed: file=" + file + ", reason=" + e
                            + "; check space and permissions of the directory",
                    e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** False if the thread was interrupted, which closes the channel. */
    private boolean tryWrite(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        // CREATE_NEW neither follows a link nor opens what somebody put there.
        try (FileChannel channel =
                FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            prepared.put(file, Optional.of(temporary));
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (ClosedByInterruptException interrupt) {
            deleteQuietly(temporary);
            prepared.remove(file);
            return false;
        }
        keepPermissions(file, temporary);
        return true;
    }

    /** Prepares the removal of a file, which need not exist. */
    void remove(Path file) {
        refuseDirectory(file);
        prepared.put(file, Optional.empty());
    }

    /** Puts everything in its place. */
    void commit() {
        List<Path> done = new ArrayList<>();
        while (!prepared.isEmpty()) {
            Map.Entry<Path, Optional<Path>> next =
                    prepared.entrySet().iterator().next();
            Path file = next.getKey();
            try {
                if (next.getValue().isPresent()) {
                    Files.move(
                            next.getValue().get(),
                            file,
                            StandardCopyOption.ATOMIC_MOVE,
                            StandardCopyOption.REPLACE_EXISTING);
                } else {
                    Files.deleteIfExists(file);
                }
            } catch (IOException e) {
                throw new GenvException(
                        "configuration file cannot be replaced: file=" + file + ", reason=" + e + ", replaced=" + done
                                + ", unchanged=" + prepared.keySet() + "; mend the cause and save again",
                        e);
            }
            prepared.remove(file);
            done.add(file);
            created = Optional.empty();
        }
        created = Optional.empty();
    }

    /** Removes what is not in its place. */
    @Override
    public void close() {
        prepared.values().forEach(temporary -> temporary.ifPresent(FileReplacement::deleteQuietly));
        prepared.clear();
        created.ifPresent(FileReplacement::deleteQuietly);
        created = Optional.empty();
    }

    private static void deleteQuietly(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // A temporary file is hidden, ignored and small; the reason for being here is the one to report.
        }
    }

    private static void refuseDirectory(Path file) {
        if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new GenvException(
                    "configuration file is a directory, nothing was changed: file=" + file + "; remove the directory");
        }
    }

    private static void keepPermissions(Path file, Path temporary) throws IOException {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            PosixFileAttributeView from =
                    Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
            PosixFileAttributeView to = Files.getFileAttributeView(temporary, PosixFileAttributeView.class);
            if (from != null && to != null) {
                to.setPermissions(from.readAttributes().permissions());
            }
        }
    }
}
