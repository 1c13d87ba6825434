// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The sessions of a process: one for each library, shared by all backends that use it.
 *
 * <p>So NVML is initialised once however many hosts a process opens, and a lost session can be opened anew: NVML counts
 * initialisations, and would keep the lost one while another backend held a second count. The last user's release shuts
 * NVML down.
 *
 * <p>A failure is not kept, so that a driver may come later; but one that took long is not repeated at once, since a host
 * asks again at every operation. Thread-safe.
 */
final class SharedSessions {
    /** Opens a library, or says why it cannot. */
    interface Loader {
        NvmlCalls load(String library) throws NotUsableException;
    }

    static final SharedSessions OF_THIS_PROCESS = new SharedSessions(LibraryLoader::load);

    private static final class Entry {
        final NvmlSession session;
        int users;

        Entry(NvmlSession session) {
            this.session = session;
        }
    }

    /** What failed after some time, how long that took, and when it was over. */
    private record Failure(NotUsableException reason, long took, long at) {
        boolean isTooEarlyToRepeat(long now) {
            return now - at < PAUSE * took;
        }
    }

    /** A failure that took this long, in nanoseconds, is slow. */
    private static final long SLOW = 500_000_000;

    /** How many times as long as a slow failure took it is not repeated: a tenth of the time is lost at most. */
    private static final long PAUSE = 9;

    private final Loader loader;
    private final LongSupplier nanoTime;
    private final Map<String, Entry> sessions = new HashMap<>();

    private final Map<String, Failure> slowFailures = new HashMap<>();

    SharedSessions(Loader loader) {
        this(loader, System::nanoTime);
    }

    SharedSessions(Loader loader, LongSupplier nanoTime) {
        this.loader = loader;
        this.nanoTime = nanoTime;
    }

    /** Returns the library's session, opening it for its first user; to be followed by one {@link #release}. */
    synchronized NvmlSession acquire(String library) throws NotUsableException {
        Entry entry = sessions.get(library);
        if (entry == null) {
            entry = new Entry(open(library));
            sessions.put(library, entry);
        }
        entry.users++;
        return entry.session;
    }

    private NvmlSession open(String library) throws NotUsableException {
        long start = nanoTime.getAsLong();
        Failure last = slowFailures.get(library);
        if (last != null && last.isTooEarlyToRepeat(start)) {
            throw last.reason();
        }
        slowFailures.remove(library);
        try {
            return NvmlSession.open(library, loader.load(library));
        } catch (NotUsableException e) {
            long now = nanoTime.getAsLong();
            if (now - start >= SLOW) {
                slowFailures.put(library, new Failure(e, now - start, now));
            }
            throw e;
        }
    }

    synchronized void release(NvmlSession session) {
        Entry entry = sessions.get(session.library());
        if (entry != null && entry.session == session && --entry.users == 0) {
            sessions.remove(session.library());
            session.close();
        }
    }
}
