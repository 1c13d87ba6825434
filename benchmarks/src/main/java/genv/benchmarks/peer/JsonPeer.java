// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import tools.jackson.jr.ob.JSON;

/**
 * The state as one JSON file under one lock: read, parsed, changed and written as a whole, in place.
 *
 * <p>The lock file stays open, and nothing is forced to the disk. A process that is killed while it writes leaves half a
 * file, which a better one would avoid at a higher price.
 */
public final class JsonPeer implements Peer {
    private final Path file;
    private final LockedFile lockFile;
    private final ReentrantLock threads = new ReentrantLock();
    private final long pid = ProcessHandle.current().pid();

    /** Opens the state in a directory. */
    public JsonPeer(Path directory) {
        file = directory.resolve("state.json");
        lockFile = new LockedFile(directory.resolve("state.lock"));
    }

    private <R> R exclusively(Body<R> body) {
        threads.lock();
        try {
            FileLock lock = lockFile.lock();
            try {
                return body.run();
            } finally {
                LockedFile.release(lock);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the state cannot be read or written: file=" + file, e);
        } finally {
            threads.unlock();
        }
    }

    private interface Body<R> {
        R run() throws IOException;
    }

    private Map<String, Object> read() throws IOException {
        return Files.exists(file) ? JSON.std.mapFrom(Files.readAllBytes(file)) : empty();
    }

    /** Cut to its length at the end: some file systems write a file that was emptied first to the disk at once. */
    private int write(byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            int written = channel.write(ByteBuffer.wrap(bytes));
            channel.truncate(bytes.length);
            return written;
        }
    }

    private static Map<String, Object> empty() {
        List<Object> devices = new ArrayList<>();
        for (int i = 0; i < DEVICES; i++) {
            devices.add(new LinkedHashMap<>(Map.of("index", i, "attachments", new ArrayList<>(), "locked", "")));
        }
        return new LinkedHashMap<>(Map.of("envs", new LinkedHashMap<>(), "devices", devices));
    }

    private void change(Consumer<Map<String, Object>> change) {
        exclusively(() -> {
            Map<String, Object> state = read();
            change.accept(state);
            return write(JSON.std.asBytes(state));
        });
    }

    private static Map<String, Object> envs(Map<String, Object> state) {
        return part(state, "envs");
    }

    private static List<Map<String, Object>> devices(Map<String, Object> state) {
        return part(state, "devices");
    }

    private static List<Object> attachments(Map<String, Object> device) {
        return part(device, "attachments");
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the file is as this class has written it
    private static <T> T part(Map<String, Object> whole, String name) {
        return (T) Objects.requireNonNull(whole.get(name), name);
    }

    private static void take(Map<String, Object> state, String eid, int gpus) {
        int left = gpus;
        for (Map<String, Object> device : devices(state)) {
            if (left > 0 && attachments(device).isEmpty()) {
                attachments(device).add(eid);
                left--;
            }
        }
        if (left > 0) {
            throw new IllegalStateException("not enough devices: missing=" + left);
        }
    }

    private static void give(Map<String, Object> state, String eid) {
        devices(state).forEach(device -> attachments(device).remove(eid));
    }

    @Override
    public void activate(String eid, int gpus) {
        change(state -> {
            Map<String, Object> env = new LinkedHashMap<>();
            env.put("pids", List.of(pid));
            env.put("user", "somebody");
            env.put("created", System.currentTimeMillis());
            env.put("config", Map.of("gpus", gpus));
            envs(state).put(eid, env);
            take(state, eid, gpus);
        });
    }

    @Override
    public void leave(String eid) {
        change(state -> {
            envs(state).remove(eid);
            give(state, eid);
        });
    }

    @Override
    public void attach(String eid, int gpus) {
        change(state -> take(state, eid, gpus));
    }

    @Override
    public void detach(String eid) {
        change(state -> give(state, eid));
    }

    @Override
    public void lock(String eid) {
        change(state -> devices(state).stream()
                .filter(device -> attachments(device).contains(eid))
                .forEach(device -> device.put("locked", eid)));
    }

    @Override
    public void unlock(String eid) {
        change(state -> devices(state).forEach(device -> device.replace("locked", eid, "")));
    }

    @Override
    public int snapshot() {
        return exclusively(() -> {
            Map<String, Object> state = read();
            return envs(state).size()
                    + devices(state).stream()
                            .mapToInt(device -> attachments(device).size())
                            .sum();
        });
    }

    /** All at once: one by one would take the square of the number. */
    @Override
    public void populate(int environments) {
        change(state -> {
            for (int i = 0; i < environments; i++) {
                Map<String, Object> env = new LinkedHashMap<>();
                env.put("pids", List.of(pid));
                env.put("user", "somebody");
                env.put("created", System.currentTimeMillis());
                env.put("config", Map.of("gpus", 0));
                envs(state).put("live-" + i, env);
            }
        });
    }

    @Override
    public void close() {
        lockFile.close();
    }
}
