// SPDX-License-Identifier: Apache-2.0
package genv.core.json;

import genv.api.StateException;
import genv.api.spi.Device;
import genv.core.file.Flock;
import genv.core.file.PlainDirectory;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;
import genv.core.os.FileStamp;
import genv.core.state.CrashPoint;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The two files of a directory of Genv, and what was last read of them.
 *
 * <p>They are read and written under Genv's own lock, a {@code flock} on {@code genv.lock}. Both are prepared on the disk before
 * the first is put into its place. What was read is used again as long as the files' stamps are the same; a stamp that is so
 * young that it could stand for two contents is not trusted, then the bytes are compared.
 *
 * <p>{@link #rootAcquire()} and {@link #unchanged} are for any thread, everything else for one at a time.
 */
public final class JsonFiles implements AutoCloseable {
    /** The name of Genv's lock. */
    public static final String LOCK = "genv.lock";

    public static final String ENVS = JsonState.ENVS;
    public static final String DEVICES = JsonState.DEVICES;

    /** How long others may have the lock: they read and write two small files under it. */
    public static final Duration LOCK_LIMIT = Duration.ofSeconds(10);

    private static final long LONGEST_PAUSE = 2_000_000;

    /** Beyond this age no second change can have got the same file times. */
    private static final long SETTLED_NANOS = 50_000_000;

    /** {@link #rootAcquire()} where the files have changed, or may have: no state has this number. */
    private static final long UNKNOWN = -2;

    private final PlainDirectory directory;
    private final PidMembers members;
    private final EnvIds ids = new EnvIds();
    private final AtomicReference<@Nullable Loaded> loaded = new AtomicReference<>();
    private long lastRoot;

    /** When somebody here last waited for the lock in vain, in nanoseconds; guarded by whoever lets one in at a time. */
    private Optional<Long> gaveUp = Optional.empty();

    /** Which contents the two files have, as far as that can be told without reading them. */
    private record Stamps(Optional<FileStamp> envs, Optional<FileStamp> devices, boolean settled) {
        boolean areOf(Stamps other) {
            return envs.equals(other.envs) && devices.equals(other.devices);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // not compared, read only
    private record Loaded(
            JsonState state, long root, byte @Nullable [] envs, byte @Nullable [] devices, Stamps stamps) {
        Loaded with(Stamps newStamps) {
            return new Loaded(state, root, envs, devices, newStamps);
        }
    }

    /** The directory is closed with this. */
    public JsonFiles(PlainDirectory directory, PidMembers members) {
        this.directory = directory;
        this.members = members;
    }

    /** What of a directory makes it one of Genv. */
    public static boolean areIn(List<String> names) {
        return names.contains(ENVS) || names.contains(DEVICES);
    }

    public PlainDirectory directory() {
        return directory;
    }

    /**
     * Takes Genv's lock.
     *
     * @param arrived when the caller began to wait for its turn, by {@link System#nanoTime()}: those who stood in line behind
     *     somebody who has waited in vain do not wait as long again, one after the other
     * @throws StateException if somebody else has it all the time
     */
    public Flock lock(boolean interruptible, long arrived) throws InterruptedException {
        boolean inVain = gaveUp.filter(when -> when - arrived > 0).isPresent();
        Optional<Flock> lock = lock(inVain ? 0 : LOCK_LIMIT.toNanos(), interruptible);
        if (lock.isEmpty()) {
            gaveUp = Optional.of(System.nanoTime());
            throw new StateException(
                    "the state is locked by another process: path=" + directory.resolve(LOCK) + " waited=" + LOCK_LIMIT
                            + "; it seems to be stopped (lslocks shows which one): let it go on, or end it");
        }
        return lock.get();
    }

    /** Takes Genv's lock; empty if it cannot be had for so many nanoseconds. */
    public Optional<Flock> lock(long limit, boolean interruptible) throws InterruptedException {
        Flock.Patience patience = new Flock.Patience(limit, LONGEST_PAUSE, interruptible);
        try {
            Optional<Flock> lock = Flock.acquire(directory, LOCK, patience);
            if (lock.isPresent()) {
                CrashPoint.STATE_LOCKED.reach();
            }
            return lock;
        } finally {
            patience.end();
        }
    }

    /** The number of the state that was last read if the files are certainly the same still. Two system calls. */
    public long rootAcquire() {
        Loaded known = loaded.get();
        return known != null && known.stamps().settled() && known.stamps().areOf(stamps()) ? known.root() : UNKNOWN;
    }

    /** A draft of the state without Genv's lock, if nothing has changed since it was last read; otherwise empty. */
    public Optional<JsonDraft> unchanged(List<Holder> holders) {
        Loaded known = loaded.get();
        if (known == null) {
            return Optional.empty();
        }
        Stamps now = stamps();
        if (!known.stamps().areOf(now)) {
            return Optional.empty();
        }
        if (!known.stamps().settled()) {
            if (!isSame(known, read(ENVS), read(DEVICES))) {
                return Optional.empty();
            }
            loaded.compareAndSet(known, known.with(now)); // unless it was read anew meanwhile
        }
        return Optional.of(draft(known, holders, List::of));
    }

    /** A draft of the state as it is now, under the lock. */
    public JsonDraft load(List<Holder> holders, Supplier<List<Device>> hostDevices) {
        Loaded known = loaded.get();
        Stamps now = stamps();
        if (known == null || !known.stamps().settled() || !known.stamps().areOf(now)) {
            byte[] envs = read(ENVS);
            byte[] devices = read(DEVICES);
            known = known != null && isSame(known, envs, devices) ? known.with(now) : parsed(envs, devices, now);
            loaded.set(known);
        }
        return draft(known, holders, hostDevices);
    }

    /** Writes what a draft has changed, under the lock; whether there was something. */
    public boolean save(JsonDraft draft) {
        byte[] envs = draft.printEnvs();
        byte[] devices = draft.printDevices();
        Loaded before = loaded.get();
        if (before == null) {
            throw new IllegalStateException("a draft is to be saved of what was not loaded");
        }
        if (envs == null && devices == null) {
            remember(before, draft); // how often this process is in an environment is in no file
            return false;
        }
        loaded.set(null); // until it is known what became of it
        try (PlainDirectory.Replacement newEnvs = prepare(ENVS, envs);
                PlainDirectory.Replacement newDevices = prepare(DEVICES, devices)) {
            publish(draft.releases() ? newEnvs : newDevices);
            publish(draft.releases() ? newDevices : newEnvs);
        }
        for (EnvBlock block : draft.blocks()) {
            ids.bind(block);
        }
        members.remember(before.state().envs().stream().map(EnvEntry::block).toList(), draft.blocks());
        loaded.set(parsed(envs == null ? before.envs() : envs, devices == null ? before.devices() : devices, stamps()));
        return true;
    }

    private void remember(Loaded before, JsonDraft draft) {
        members.remember(before.state().envs().stream().map(EnvEntry::block).toList(), draft.blocks());
    }

    private PlainDirectory.@Nullable Replacement prepare(String name, byte @Nullable [] content) {
        return content == null ? null : directory.prepare(name, content);
    }

    private static void publish(PlainDirectory.@Nullable Replacement replacement) {
        if (replacement != null) {
            replacement.publish();
        }
    }

    private JsonDraft draft(Loaded known, List<Holder> holders, Supplier<List<Device>> hostDevices) {
        return new JsonDraft(known.state().with(members), known.root(), ids, holders, hostDevices);
    }

    private Loaded parsed(byte @Nullable [] envs, byte @Nullable [] devices, Stamps stamps) {
        JsonState state = JsonState.parse(directory.path(), envs, devices, members, ids);
        Set<Long> present = state.envs().stream().map(env -> env.block().id()).collect(Collectors.toSet());
        ids.keepOnly(present);
        return new Loaded(state, ++lastRoot, envs, devices, stamps);
    }

    private byte @Nullable [] read(String name) {
        return directory.read(name).orElse(null);
    }

    private static boolean isSame(Loaded known, byte @Nullable [] envs, byte @Nullable [] devices) {
        return Arrays.equals(known.envs(), envs) && Arrays.equals(known.devices(), devices);
    }

    private Stamps stamps() {
        Optional<FileStamp> envs = directory.stamp(ENVS);
        Optional<FileStamp> devices = directory.stamp(DEVICES);
        long newest = Math.max(
                envs.map(FileStamp::changed).orElse(0L),
                devices.map(FileStamp::changed).orElse(0L));
        long now = System.currentTimeMillis() * 1_000_000;
        return new Stamps(envs, devices, now - newest > SETTLED_NANOS);
    }

    /** Makes a directory one of Genv: with no environment, and devices that Genv or the first attachment will list. */
    public void create() {
        try (PlainDirectory.Replacement envs = directory.prepare(ENVS, JsonState.NO_ENVS)) {
            envs.publish();
        }
    }

    /** Makes it none: what is removed is without an environment. */
    public void remove() {
        loaded.set(null);
        directory.remove(DEVICES);
        directory.remove(ENVS);
    }

    @Override
    public void close() {
        directory.close();
    }
}
