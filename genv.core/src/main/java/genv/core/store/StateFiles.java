// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import genv.api.GenvOptions;
import genv.api.StateException;
import genv.core.file.SharedFile;
import genv.core.file.StateDirectory;
import genv.core.layout.FileLayout;
import genv.core.layout.RecordLayout;
import genv.core.layout.RootWord;
import genv.core.live.LifeLocks;
import genv.core.os.BootId;
import genv.core.state.CrashPoint;
import genv.core.state.StateMemory;
import genv.core.state.Transitions;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The two files of a state directory, opened, checked and made ready, and the seat of this process.
 *
 * <p>The state file is created whole and then linked to its name, so nobody sees it half made. The first process after a
 * reboot finds another boot identifier in it and empties it; nobody who lives can be using it then, for whoever opens it does
 * the same check first. That one step is done under a lock, on a byte of {@code genv.live} that no token reaches, which the
 * kernel frees should the process die in it.
 */
final class StateFiles implements AutoCloseable {
    static final String STATE = "genv.state";
    static final String LIVE = "genv.live";

    /** What is allocated on the disk at creation: all up to the records, and the beginning of the first of these. */
    private static final long RESERVED = FileLayout.RECORD_OFFSET + RecordLayout.ENV_OFFSET;

    /** A seat is held by somebody else only if the counter was damaged or set back, or out of malice. */
    private static final int SEAT_TRIES = 10_000;

    private static final long JANITOR = LifeLocks.MAX_TOKEN;
    private static final Duration JANITOR_LIMIT = Duration.ofSeconds(10);

    private final StateDirectory directory;
    private final LifeLocks locks;
    private final SharedFile file;
    private final StateMemory memory;
    private final long token;

    private StateFiles(StateDirectory directory, LifeLocks locks, SharedFile file, StateMemory memory, long token) {
        this.directory = directory;
        this.locks = locks;
        this.file = file;
        this.memory = memory;
        this.token = token;
    }

    static StateFiles open(Path path, GenvOptions.Sharing sharing) {
        BootId boot = currentBoot(path);
        StateDirectory directory = StateDirectory.open(path, sharing);
        LifeLocks locks = null;
        SharedFile file = null;
        boolean done = false;
        try {
            requireNoStateWithoutLiveFile(directory);
            Path live = directory.ensureFile(LIVE);
            locks = LifeLocks.open(live);
            LifeLocks opened = locks;
            file = SharedFile.openOrCreate(
                    directory,
                    STATE,
                    FileLayout.FILE_SIZE,
                    RESERVED,
                    (header, size) -> checkHeader(header, size, path.resolve(STATE)),
                    segment -> {
                        StateKinds.requireNoJson(directory); // converted since it was looked at
                        requireInPlace(opened, path);
                        requireNobodyLives(opened, path);
                        initialise(segment, opened.fileId(), boot);
                        log(Level.DEBUG, "a new state is made: directory=" + path);
                    });
            MemorySegment segment = file.segment();
            checkLiveFile(segment, locks, path);
            emptyAfterReboot(file, boot, live, path);
            StateMemory memory = new StateMemory(segment);
            long token = takeSeat(memory, locks, file.path());
            done = true;
            return new StateFiles(directory, locks, file, memory, token);
        } finally {
            if (!done) {
                closeAll(file, locks, directory);
            }
        }
    }

    StateDirectory directory() {
        return directory;
    }

    StateMemory memory() {
        return memory;
    }

    LifeLocks locks() {
        return locks;
    }

    SharedFile file() {
        return file;
    }

    long token() {
        return token;
    }

    Path path() {
        return file.path();
    }

    @Override
    public void close() {
        closeAll(file, locks, directory);
    }

    private static void closeAll(
            @org.jspecify.annotations.Nullable SharedFile file,
            @org.jspecify.annotations.Nullable LifeLocks locks,
            StateDirectory directory) {
        try (directory) {
            try (locks) {
                if (file != null) {
                    file.close();
                }
            }
        }
    }

    private static long takeSeat(StateMemory memory, LifeLocks locks, Path path) {
        for (int tries = 0; tries < SEAT_TRIES; tries++) {
            long token = memory.nextToken();
            CrashPoint.TOKEN_DRAWN.reach();
            if (token < 1 || token >= JANITOR) {
                throw new StateException("the state file is damaged: path=" + path + " next_token=" + token + " limit="
                        + JANITOR + mend());
            }
            if (locks.tryHold(token)) {
                CrashPoint.SEAT_TAKEN.reach();
                return token;
            }
        }
        throw new StateException("no seat could be taken in genv.live: state=" + path + " tries=" + SEAT_TRIES
                + "; another program has locked it (lslocks shows which one): end that program");
    }

    // ---- the header ------------------------------------------------------------------------------------------------

    private static void initialise(MemorySegment segment, long liveFile, BootId boot) {
        StateMemory memory = new StateMemory(segment);
        segment.set(JAVA_LONG, FileLayout.SIZE_OFFSET, FileLayout.FILE_SIZE);
        segment.set(JAVA_LONG, FileLayout.BOOT_OFFSET, boot.high());
        segment.set(JAVA_LONG, FileLayout.BOOT_OFFSET + 8, boot.low());
        segment.set(JAVA_LONG, FileLayout.LIVE_INODE_OFFSET, liveFile);
        segment.set(JAVA_LONG, FileLayout.CREATED_OFFSET, System.currentTimeMillis());
        Transitions.initialise(memory, 1);
        segment.set(JAVA_LONG, FileLayout.VERSION_OFFSET, FileLayout.FORMAT_VERSION);
        segment.set(JAVA_LONG, FileLayout.MAGIC_OFFSET, FileLayout.MAGIC);
    }

    private static void checkHeader(MemorySegment header, long size, Path path) {
        if (header.byteSize() < 64) {
            throw new StateException("the state file is too short: path=" + path + " bytes=" + size + " expected="
                    + FileLayout.FILE_SIZE + mend());
        }
        long magic = header.get(JAVA_LONG, FileLayout.MAGIC_OFFSET);
        if (magic == Long.reverseBytes(FileLayout.MAGIC)) {
            throw new StateException("the state file was made on a machine of the other byte order: path=" + path
                    + "; a state directory belongs to one host: give each its own (GENV_TMPDIR)");
        }
        if (magic != FileLayout.MAGIC) {
            throw new StateException("the file is not a state file of genv: path=" + path + " magic=0x"
                    + Long.toHexString(magic) + "; move it away, or use another directory (GENV_TMPDIR)");
        }
        long version = header.get(JAVA_LONG, FileLayout.VERSION_OFFSET);
        if (version != FileLayout.FORMAT_VERSION) {
            throw new StateException("the state file has "
                    + (version > FileLayout.FORMAT_VERSION ? "a newer" : "an older")
                    + " format: path=" + path + " version=" + version + " supported=" + FileLayout.FORMAT_VERSION
                    + "; use one version of genv for all programs of a host, then" + mend().substring(1));
        }
        long said = header.get(JAVA_LONG, FileLayout.SIZE_OFFSET);
        if (said != FileLayout.FILE_SIZE) {
            throw new StateException("the state file is damaged: path=" + path + " size_in_header=" + said
                    + " expected=" + FileLayout.FILE_SIZE + mend());
        }
    }

    private static void checkLiveFile(MemorySegment segment, LifeLocks locks, Path directory) {
        long expected = segment.get(JAVA_LONG, FileLayout.LIVE_INODE_OFFSET);
        if (expected != locks.fileId()) {
            throw new StateException("genv.live is not the file that the state was made with: directory=" + directory
                    + " inode=" + locks.fileId() + " expected=" + expected
                    + "; it was deleted or copied, so who is alive cannot be told" + mend());
        }
    }

    /** Or a state would be made with a live file that nobody else can find. */
    private static void requireInPlace(LifeLocks locks, Path directory) {
        if (!locks.isIntact()) {
            throw new StateException("genv.live was deleted or replaced while the directory was being opened, as by a"
                    + " conversion to Genv's files and back: directory=" + directory + "; open it again");
        }
    }

    private static String mend() {
        return "; end the programs that use it, then delete genv.state and genv.live";
    }

    /**
     * Refuses a state whose live file is gone, or whatever else has the name of the state, before a live file is made that
     * nobody can use. The state is looked for first: its live file is older.
     */
    private static void requireNoStateWithoutLiveFile(StateDirectory directory) {
        Path path = directory.path();
        boolean hasState = Files.exists(directory.resolve(STATE), LinkOption.NOFOLLOW_LINKS);
        if (!hasState || Files.exists(directory.resolve(LIVE), LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        SharedFile.requireSound(
                directory,
                STATE,
                FileLayout.FILE_SIZE,
                (header, size) -> checkHeader(header, size, path.resolve(STATE)));
        throw new StateException("genv.live was deleted, so who is alive cannot be told: directory=" + path + mend());
    }

    /**
     * Refuses to make a new state beside processes that have another one, which has lost its name: what they were granted is
     * not in the new one. Where a state has the name by now, somebody else was first, and it is theirs.
     */
    static void requireNobodyLives(LifeLocks locks, Path directory) {
        if (locks.isAnyHeldBelow(JANITOR) && Files.notExists(directory.resolve(STATE), LinkOption.NOFOLLOW_LINKS)) {
            throw new StateException("genv.state was deleted while it is in use, so what was given out cannot be told:"
                    + " directory=" + directory
                    + "; end the programs that use it, and exempt the directory from cleaners"
                    + " of temporary files");
        }
    }

    // ---- after a reboot --------------------------------------------------------------------------------------------

    private static BootId currentBoot(Path directory) {
        try {
            return BootId.current();
        } catch (IOException failure) {
            throw new StateException(
                    "the boot identifier of the kernel cannot be read, so a reboot cannot be told: directory="
                            + directory
                            + " path=" + BootId.FILE + " cause=" + failure.getMessage()
                            + "; let the kernel's own file be seen there (umount what covers it), and where files are"
                            + " open to the limit close some, or raise it (ulimit -n)",
                    failure);
        }
    }

    private static boolean isOf(BootId boot, MemorySegment segment) {
        VarHandle.acquireFence();
        return segment.get(JAVA_LONG, FileLayout.BOOT_OFFSET) == boot.high()
                && segment.get(JAVA_LONG, FileLayout.BOOT_OFFSET + 8) == boot.low();
    }

    private static void emptyAfterReboot(SharedFile file, BootId boot, Path live, Path directory) {
        MemorySegment segment = file.segment();
        if (isOf(boot, segment)) {
            VarHandle.acquireFence();
            return;
        }
        long start = System.nanoTime();
        try (LifeLocks janitor = LifeLocks.open(live)) {
            while (!janitor.tryHold(JANITOR)) {
                if (System.nanoTime() - start > JANITOR_LIMIT.toNanos()) {
                    throw new StateException(
                            "another process has not finished emptying the state after a reboot: directory=" + directory
                                    + " waited=" + JANITOR_LIMIT + "; it seems to be stopped: let it go on, or end it");
                }
                LockSupport.parkNanos(1_000_000);
            }
            if (isOf(boot, segment)) {
                return;
            }
            // whoever takes a seat has seen this boot in the file: so it was there, and was overwritten
            if (janitor.isAnyHeldBelow(JANITOR)) {
                throw new StateException("the state file is damaged: its boot identifier is not the kernel's although"
                        + " processes live that use it: directory=" + directory + mend());
            }
            StateMemory memory = new StateMemory(segment);
            OptionalLong pid = new FormerMembers(memory, file).pidOfOneSeenAlive();
            if (pid.isPresent()) {
                throw new StateException("the state file is damaged: its boot identifier is not the kernel's although a"
                        + " process lives that was made a member: directory=" + directory + " pid=" + pid.getAsLong()
                        + mend());
            }
            long version = RootWord.version(memory.rootAcquire());
            Transitions.initialise(memory, version > 0 && version < 1L << 51 ? version + 1 : 1);
            segment.set(JAVA_LONG, FileLayout.BOOT_OFFSET + 8, boot.low());
            VarHandle.releaseFence();
            segment.set(JAVA_LONG, FileLayout.BOOT_OFFSET, boot.high());
            log(Level.INFO, "the state was emptied: it is of before a reboot: directory=" + directory);
        }
    }

    private static void log(Level level, String message) {
        System.getLogger("genv.core.store").log(level, message);
    }
}
