// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The one channel of each live file that a process may have.
 *
 * <p>Two copies of this library, loaded by two class loaders, must share it: so it is kept in the system properties, under
 * a name, in types of the JDK alone. The entry of a file is an array: the channel, the locks held by token, and the
 * number of users. The locks' map is the monitor that guards the entry. A change of this form needs a new name.
 */
final class SharedChannels {
    private static final String NAME = "genv.live.channels.1";

    private SharedChannels() {}

    /** Opens a channel. */
    interface Opener {
        FileChannel open() throws IOException;
    }

    /** One file's channel and the locks on it. */
    record Entry(String fileKey, FileChannel channel, Map<Long, FileLock> held) {
        Object monitor() {
            return held;
        }

        /** Ends one use; the last one closes the channel. */
        void release() {
            registry().computeIfPresent(fileKey, (key, parts) -> {
                if (users(parts).decrementAndGet() > 0) {
                    return parts;
                }
                try {
                    channel.close();
                } catch (IOException failed) {
                    // a channel without locks has nothing to lose
                }
                return null;
            });
        }
    }

    /** Begins a use of a file's channel, opening it for the first one. */
    static Entry acquire(String fileKey, Opener opener) throws IOException {
        try {
            Object[] parts = registry().compute(fileKey, (key, present) -> {
                Object[] entry = present != null ? present : newEntry(opener);
                users(entry).incrementAndGet();
                return entry;
            });
            return new Entry(fileKey, (FileChannel) parts[0], held(parts));
        } catch (UncheckedIOException failed) {
            throw failed.getCause();
        }
    }

    static boolean isInUse(String fileKey) {
        Map<String, Object[]> registry = presentRegistry();
        return registry != null && registry.containsKey(fileKey);
    }

    static boolean isAnyInUse() {
        Map<String, Object[]> registry = presentRegistry();
        return registry != null && !registry.isEmpty();
    }

    private static Object[] newEntry(Opener opener) {
        try {
            return new Object[] {opener.open(), new HashMap<Long, FileLock>(), new AtomicInteger()};
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static AtomicInteger users(Object[] parts) {
        return (AtomicInteger) parts[2];
    }

    @SuppressWarnings("unchecked") // only this class, of whatever loader, writes under the name
    private static Map<Long, FileLock> held(Object[] parts) {
        return (Map<Long, FileLock>) parts[1];
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object[]> registry() {
        return (Map<String, Object[]>)
                System.getProperties().computeIfAbsent(NAME, name -> new ConcurrentHashMap<String, Object[]>());
    }

    @SuppressWarnings("unchecked")
    private static @Nullable Map<String, Object[]> presentRegistry() {
        return (Map<String, Object[]>) System.getProperties().get(NAME);
    }
}
