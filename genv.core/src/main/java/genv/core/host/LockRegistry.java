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
        volatile boolean inherited;

        /** The locks, made when they are first needed: most tasks lock nothing. */
        synchronized EnvLocks locks(Store store, EnvRules.Key key) {
            EnvLocks known = locks;
            if (known == null) {
                known = new EnvLocks(store, key);
                locks = known;
            }
            return known;
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

    /**
     * The locks of an environment.
     *
     * @param inherited whether it is asked for by what this process inherited: that is never left, so that the locks outlast
     *     every scope that enters the same environment
     */
    EnvLocks of(Store store, EnvRules.Key key, boolean inherited) {
        Entry known = entries.get(key.id());
        if (inherited && (known == null || !known.inherited)) {
            known = entries.compute(key.id(), (id, present) -> {
                Entry entry = present == null ? new Entry() : present;
                entry.inherited = true;
                return entry;
            });
        }
        return known != null ? known.locks(store, key) : new EnvLocks(store, key); // left meanwhile: the state says so
    }

    /**
     * Says that a scope is about to leave; with the last one, what is locked is released. Not left to the leaving: another
     * scope of this process may be a member already without having entered here, and would keep the lock alive. Where
     * releasing fails the scope counts as not left.
     */
    void leave(EnvRules.Key key) {
        entries.computeIfPresent(key.id(), (id, entry) -> {
            if (entry.scopes > 1 || entry.inherited) {
                entry.scopes--;
                return entry;
            }
            entry.releaseAll();
            return null;
        });
    }
}
