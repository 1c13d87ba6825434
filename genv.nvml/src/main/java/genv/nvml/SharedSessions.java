// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.util.HashMap;
import java.util.Map;

/**
 * The sessions of a process: one for each library, shared by all backends that use it.
 *
 * <p>So NVML is initialised once however many hosts a process opens, and a lost session can be opened anew: NVML counts
 * initialisations, and would keep the lost one while another backend held a second count. The last user's release shuts
 * NVML down. A failure is not kept. Thread-safe.
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

    private final Loader loader;
    private final Map<String, Entry> open = new HashMap<>();

    SharedSessions(Loader loader) {
        this.loader = loader;
    }

    /** Returns the library's session, opening it for its first user; to be followed by one {@link #release}. */
    synchronized NvmlSession acquire(String library) throws NotUsableException {
        Entry entry = open.get(library);
        if (entry == null) {
            entry = new Entry(NvmlSession.open(library, loader.load(library)));
            open.put(library, entry);
        }
        entry.users++;
        return entry.session;
    }

    synchronized void release(NvmlSession session) {
        Entry entry = open.get(session.library());
        if (entry != null && entry.session == session && --entry.users == 0) {
            open.remove(session.library());
            session.close();
        }
    }
}
