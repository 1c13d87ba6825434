// SPDX-License-Identifier: Apache-2.0
package genv.faults.kills;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The limits of a state directory, which its owner changes all the time by renaming another file over them. */
final class ChangingLimits {
    /**
     * No limit on the devices of a user is ever larger. Without one the processes would have more, also within the memory; and
     * more memory with so many devices.
     */
    static final int MOST_USER_DEVICES = 8;

    /** The same for the memory of a user, in bytes. */
    static final long MOST_USER_MEMORY = 90_000_000_000L;

    /** A lease that is not asked for lasts at least so long, in milliseconds. */
    static final long SHORTEST_FORCED_LEASE = 1_000;

    private final Path file;
    private final Path next;
    private final Random random;

    ChangingLimits(Path directory, long seed) {
        this.file = directory.resolve("limits.json");
        this.next = directory.resolve("limits.json.next");
        this.random = new Random(seed);
    }

    /** Puts others in force. */
    void change() throws IOException {
        List<String> keys = new ArrayList<>();
        keys.add("\"userDevices\": " + (MOST_USER_DEVICES - random.nextInt(4)));
        keys.add("\"userMemory\": \"" + (MOST_USER_MEMORY / 1_000_000_000 - random.nextInt(40)) + "g\"");
        if (random.nextInt(3) == 0) {
            keys.add("\"environmentDevices\": " + (2 + random.nextInt(3)));
        }
        if (random.nextInt(3) == 0) {
            keys.add("\"environmentMemory\": \"" + (16 + random.nextInt(48)) + "g\"");
        }
        if (random.nextInt(4) == 0) {
            keys.add("\"longestLease\": \"" + (1 + random.nextInt(3)) + "s\"");
        } else if (random.nextInt(4) == 0) {
            keys.add("\"defaultLease\": \"1s\"");
        }
        if (random.nextInt(4) == 0) {
            keys.add("\"longestWait\": \"1s\"");
        }
        Files.writeString(next, "{ " + String.join(", ", keys) + " }");
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Puts none in force. */
    void remove() throws IOException {
        Files.deleteIfExists(file);
    }
}
