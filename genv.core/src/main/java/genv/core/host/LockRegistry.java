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
    private final ConcurrentHashMap<EnvRules.Key, Entry> entries = new ConcurrentHashMap<>();

    /** The locks of one environment. One that was left by all its scopes is gone for good, and about to be removed. */
    private static final class Entry {
        private @Nullable EnvLocks locks;
        private int scopes;
        private boolean isInherited;
        private boolean isGone;

        Entry(int scopes) {
            this.scopes = scopes;
        }

        /** Counts one more scope; false if this is gone. */
        synchronized boolean enter() {
            scopes += isGone ? 0 : 1;
            return !isGone;
        }

        /** The locks, made when they are first needed: most tasks lock nothing. Null if this is gone. */
        synchronized @Nullable EnvLocks locks(Store store, EnvRules.Key key, boolean inherited) {
            EnvLocks known = locks;
            isInherited |= inherited;
            if (known == null && !isGone) {
                known = new EnvLocks(store, key);
                locks = known;
            }
            return isGone ? null : known;
        }

        synchronized void devicesLost() {
            if (locks != null) {
                locks.devicesLost();
            }
        }

        /**
         * Counts one scope less; with the last one releases what is locked, and is gone: then true. Where releasing fails the
         * scope counts as not left.
         */
        synchronized boolean leave() {
            if (scopes > 1 || isInherited) {
                scopes--;
                return false;
            }
            if (locks != null) {
                locks.releaseAll();
            }
            scopes = 0;
            isGone = true;
            return true;
        }
    }

    /** Says that a scope has entered an environment. */
    void enter(EnvRules.Key key) {
        Entry entered = new Entry(1);
        Entry known = entries.putIfAbsent(key, entered);
        while (known != null && !known.enter()) {
            entries.remove(key, known);
            known = entries.putIfAbsent(key, entered);
        }
    }

    /**
     * The locks of an environment.
     *
     * @param inherited whether it is asked for by what this process inherited: that is never left, so that the locks outlast
     *     every scope that enters the same environment
     */
    EnvLocks of(Store store, EnvRules.Key key, boolean inherited) {
        while (true) {
            Entry entry = inherited ? entries.computeIfAbsent(key, _ -> new Entry(0)) : entries.get(key);
            if (entry == null) {
                return new EnvLocks(store, key); // left meanwhile: the state says so
            }
            EnvLocks locks = entry.locks(store, key, inherited);
            if (locks != null) {
                return locks;
            }
            entries.remove(key, entry);
        }
    }

    /** Says that an environment has lost devices by which it may have held a lock. */
    void devicesLost(EnvRules.Key key) {
        Entry entry = entries.get(key);
        if (entry != null) {
            entry.devicesLost();
        }
    }

    /**
     * Says that a scope is about to leave; with the last one, what is locked is released. Not left to the leaving: another
     * scope of this process may be a member already without having entered here, and would keep the lock alive.
     */
    void leave(EnvRules.Key key) {
        Entry entry = entries.get(key);
        if (entry != null && entry.leave()) {
            entries.remove(key, entry);
        }
    }
}
