// SPDX-License-Identifier: Apache-2.0
package genv.core.home;

import genv.api.EnvConfig;
import genv.api.GenvException;
import genv.api.MemorySize;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One file of a configuration directory: which part it holds, and how that part is written. */
enum ConfigFile {
    NAME("name", "one line of text without control characters") {
        @Override
        Optional<String> write(EnvConfig config) {
            return config.name();
        }

        @Override
        void read(String text, EnvConfig.Builder config) {
            config.name(text);
        }
    },
    GPUS("gpus", "a whole number in decimal digits, such as 2") {
        @Override
        Optional<String> write(EnvConfig config) {
            return config.gpus().isPresent()
                    ? Optional.of(Integer.toString(config.gpus().getAsInt()))
                    : Optional.empty();
        }

        @Override
        void read(String text, EnvConfig.Builder config) {
            if (!COUNT.matcher(text).matches()) {
                throw new IllegalArgumentException("not a whole number of devices");
            }
            config.gpus(Integer.parseInt(text));
        }
    },
    GPU_MEMORY("gpu-memory", "a memory size, such as 4g or 512mi") {
        @Override
        Optional<String> write(EnvConfig config) {
            return config.gpuMemory().map(MemorySize::toString);
        }

        @Override
        void read(String text, EnvConfig.Builder config) {
            config.gpuMemory(MemorySize.parse(text));
        }
    };

    private static final Pattern COUNT = Pattern.compile("[0-9]{1,9}");
    private static final int SHOWN_LENGTH = 80;

    private final String fileName;
    private final String allowed;

    ConfigFile(String fileName, String allowed) {
        this.fileName = fileName;
        this.allowed = allowed;
    }

    /** Returns the text of this part, or empty where the configuration has none. */
    abstract Optional<String> write(EnvConfig config);

    /** Adds the part to a configuration; throws what the configuration's own types throw for bad values. */
    abstract void read(String text, EnvConfig.Builder config);

    Path in(Path directory) {
        return directory.resolve(fileName);
    }

    String fileName() {
        return fileName;
    }

    /** Reads the part from the stripped content of its file. */
    void parse(Path file, String text, EnvConfig.Builder config) {
        if (text.isEmpty() || text.chars().anyMatch(Character::isISOControl)) {
            throw bad(file, text, "empty, or has control characters", null);
        }
        try {
            read(text, config);
        } catch (IllegalArgumentException | GenvException e) {
            throw bad(file, text, e.getMessage(), e);
        }
    }

    /** Checks that what is about to be written reads back as the same value. */
    void check(Path file, String text) {
        if (!text.equals(text.strip())) {
            throw bad(file, text, "white space at its ends would be lost", null);
        }
        parse(file, text, EnvConfig.builder());
    }

    private GenvException bad(Path file, String text, @Nullable String reason, @Nullable Throwable cause) {
        String clean = text.replaceAll("\\p{Cntrl}", "?");
        String shown = clean.length() <= SHOWN_LENGTH ? clean : clean.substring(0, SHOWN_LENGTH) + "…";
        return new GenvException(
                "bad value in a configuration file: file=" + file + ", value='" + shown + "', reason=" + reason
                        + ", allowed=" + allowed + "; correct the value, or leave the file out",
                cause);
    }
}
