// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.json.DeviceFlocks;
import genv.core.json.JsonDraft;
import genv.core.model.DeviceSet;
import genv.core.model.Holder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The device locks of this process on files, by holder. Thread-safe by a lock of its own, under which nothing is waited for: so
 * that a lock can be given back while the state is busy.
 */
final class HeldLocks implements AutoCloseable {
    private final Map<Long, Entry> entries = new LinkedHashMap<>();
    private long last;

    private record Entry(Holder holder, DeviceFlocks.Held locks) {}

    synchronized List<Holder> holders() {
        List<Holder> holders = new ArrayList<>(entries.size());
        entries.values().forEach(entry -> holders.add(entry.holder()));
        return holders;
    }

    /** Keeps locks; gives the holder with its identity. */
    synchronized Holder add(Holder holder, DeviceFlocks.Held locks) {
        Holder named = new Holder(
                ++last,
                holder.env(),
                holder.hash(),
                holder.token(),
                holder.pid(),
                holder.mode(),
                holder.memory(),
                holder.since(),
                holder.devices());
        entries.put(named.id(), new Entry(named, locks));
        return named;
    }

    /** Adds locks to a holder; if it is gone they are given back. */
    synchronized boolean extend(Holder holder, DeviceSet added, DeviceFlocks.Held locks) {
        Entry known = entries.get(holder.id());
        if (known == null) {
            locks.close();
            return false;
        }
        known.locks().add(locks);
        put(known, known.holder().devices().union(added));
        return true;
    }

    private void put(Entry known, DeviceSet devices) {
        entries.put(known.holder().id(), new Entry(known.holder().withDevices(devices), known.locks()));
    }

    synchronized void release(long id) {
        Entry known = entries.remove(id);
        if (known != null) {
            known.locks().close();
        }
    }

    /** Gives back what a draft has released; what was locked since it was made it does not know. */
    synchronized void giveBack(JsonDraft draft) {
        for (Holder before : draft.holdersBefore()) {
            Holder now = draft.findHolder(before.id());
            Entry known = entries.get(before.id());
            if (now == null) {
                release(before.id());
            } else if (known != null && !now.devices().equals(before.devices())) {
                DeviceSet rest = known.holder().devices().minus(before.devices().minus(now.devices()));
                known.locks().keepOnly(rest);
                put(known, rest);
            }
        }
    }

    /** Gives everything back. */
    @Override
    public synchronized void close() {
        entries.values().forEach(entry -> entry.locks().close());
        entries.clear();
    }
}
