// SPDX-License-Identifier: Apache-2.0
package genv.core.host;

import genv.core.rules.EnvRules;
import genv.core.store.Store;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The locks of the environments that this process is in, one for each environment however many scopes of the process are in
 * it: so that what one scope has locked is shared with the others, and not waited for.
 */
final class LockRegistry {
    private final ConcurrentHashMap<Long, Entry> entries = new ConcurrentHashMap<>();

    private static final class Entry {
        private @Nullable EnvLocks locks;
        int scopes;

        /** The locks, made when they are first needed: most tasks lock nothing. */
        synchronized EnvLocks locks(Store store, EnvRules.Key key) {
            EnvLocks known = locks;
            if (known == null) {
                known = new EnvLocks(store, key);
                locks = known;
            }
            return known;
        }

        synchronized void devicesLost() {
            if (locks != null) {
                locks.devicesLost();
            }
        }

        synchronized void releaseAll() {
            if (locks != null) {
                locks.releaseAll();
            }
        }
    }

    /** Says that a scope has entered an environment. */
    void enter(EnvRules.Key key) {
        entries.compute(key.id(), (id, known) -> {
            Entry entry = known == null ? new Entry() : known;
            entry.scopes++;
            return entry;
        });
    }

    /** The locks of an environment; an inherited one, which nobody has entered here, gets its own. */
    EnvLocks of(Store store, EnvRules.Key key) {
        Entry known = entries.get(key.id());
        Entry entry = known != null ? known : entries.computeIfAbsent(key.id(), id -> new Entry());
        return entry.locks(store, key);
    }

    /** Says that an environment has lost devices by which it may have held a lock. */
    void devicesLost(EnvRules.Key key) {
        Entry entry = entries.get(key.id());
        if (entry != null) {
            entry.devicesLost();
        }
    }

    /**
     * Says that a scope is about to leave; with the last one, what is locked is released. Not left to the leaving: another
     * scope of this process may be a member already without having entered here, and would keep the lock alive.
     */
    void leave(EnvRules.Key key) {
        entries.computeIfPresent(key.id(), (id, entry) -> {
            if (--entry.scopes > 0) {
                return entry;
            }
            entry.releaseAll();
            return null;
        });
    }
}
