// SPDX-License-Identifier: Apache-2.0
package genv.core.home;

import genv.api.EnvConfig;
import genv.api.GenvException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code .genv} directory in which a user keeps a configuration: the one in the working directory, or else the
 * one in the user's home directory.
 *
 * <p>It holds the files {@code name}, {@code gpus} and {@code gpu-memory}, each with one value in UTF-8; white space
 * around the value does not count, and a file that is not there is a part that is not configured. Other files are
 * ignored. The directory is looked for at every call. A {@code .genv} that is not a directory is not one of these.
 *
 * <p>Immutable and thread-safe; callers who save at the same time can mix the parts of their configurations.
 */
public final class ConfigDirectory {
    /** The name of the directory. */
    public static final String NAME = ".genv";

    /** More than any value needs; keeps a planted endless file from being read. */
    private static final int MAX_BYTES = 16 * 1024;

    private final Path workingDirectory;
    private final Path userHome;

    /** Creates the search through these two directories, in this order. */
    public ConfigDirectory(Path workingDirectory, Path userHome) {
        this.workingDirectory = workingDirectory.toAbsolutePath();
        this.userHome = userHome.toAbsolutePath();
    }

    /** Returns the search for this process: from the given directory or else the working directory, then its user. */
    public static ConfigDirectory ofProcess(Optional<Path> workingDirectory) {
        return new ConfigDirectory(
                workingDirectory.orElseGet(() -> Path.of("")), Path.of(System.getProperty("user.home", "")));
    }

    /** Returns the directory that exists, first match first. */
    public Optional<Path> home() {
        Path first = workingDirectory.resolve(NAME);
        if (Files.isDirectory(first)) {
            return Optional.of(first);
        }
        Path second = userHome.resolve(NAME);
        return Files.isDirectory(second) ? Optional.of(second) : Optional.empty();
    }

    /**
     * Reads the configuration.
     *
     * @throws GenvException if there is no directory, or a file cannot be read or its value is not allowed; it names
     *     file, value and rule
     */
    public EnvConfig load() {
        Path directory = home().orElseThrow(() ->
                new GenvException("no configuration directory: looked for=" + workingDirectory.resolve(NAME) + ", "
                        + userHome.resolve(NAME) + "; create one of them, or save a configuration first"));
        EnvConfig.Builder config = EnvConfig.builder();
        for (ConfigFile part : ConfigFile.values()) {
            Path file = part.in(directory);
            read(file).ifPresent(text -> part.parse(file, text, config));
        }
        return config.build();
    }

    /**
     * Writes the configuration, into a new directory in the working directory where there is none; the file of a part
     * that it does not have is removed.
     *
     * <p>Everything is checked and written beside its place first, so that a bad value, a full disk or a missing
     * permission leaves things as they were. Then each file is replaced atomically. A symbolic link in the place of a
     * file is replaced, not followed.
     *
     * @throws GenvException if a value would not read back, or a file cannot be written; if only some could be
     *     replaced, it says which
     */
    public void save(EnvConfig config) {
        Optional<Path> existing = home();
        Path directory = existing.orElseGet(() -> workingDirectory.resolve(NAME));
        Map<ConfigFile, Optional<String>> texts = new EnumMap<>(ConfigFile.class);
        for (ConfigFile part : ConfigFile.values()) {
            Optional<String> text = part.write(config);
            text.ifPresent(value -> part.check(part.in(directory), value));
            texts.put(part, text);
        }
        try (FileReplacement replacement = new FileReplacement()) {
            if (existing.isEmpty()) {
                replacement.createDirectory(directory);
            }
            texts.forEach((part, text) -> {
                if (text.isPresent()) {
                    replacement.write(part.in(directory), text.get() + "\n");
                } else {
                    replacement.remove(part.in(directory));
                }
            });
            replacement.commit();
        }
    }

    private static Optional<String> read(Path file) {
        byte[] bytes;
        try {
            // Opening a named pipe would wait for a writer, so ask what it is first.
            if (!Files.readAttributes(file, BasicFileAttributes.class).isRegularFile()) {
                throw new GenvException("configuration file is not a regular file: file=" + file + "; remove it");
            }
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(MAX_BYTES + 1);
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new GenvException(
                    "configuration file cannot be read: file=" + file + ", reason=" + e
                            + "; correct its permissions, or remove it",
                    e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new GenvException("configuration file is too large: file=" + file + ", limit=" + MAX_BYTES
                    + " bytes; it holds one short value");
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .strip());
        } catch (CharacterCodingException e) {
            throw new GenvException("configuration file is not UTF-8 text: file=" + file + "; write it anew", e);
        }
    }
}
