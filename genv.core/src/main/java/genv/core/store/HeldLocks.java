// SPDX-License-Identifier: Apache-2.0
package genv.core.store;

import genv.core.draft.Draft;
import genv.core.json.DeviceFlocks;
import genv.core.model.DeviceSet;
import genv.core.model.Holder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The device locks of this process on files, by holder. Not thread-safe. */
final class HeldLocks implements AutoCloseable {
    private final Map<Long, Entry> entries = new LinkedHashMap<>();
    private long last;

    private record Entry(Holder holder, DeviceFlocks.Held locks) {}

    List<Holder> holders() {
        List<Holder> holders = new ArrayList<>(entries.size());
        entries.values().forEach(entry -> holders.add(entry.holder()));
        return holders;
    }

    /** Keeps locks; gives the holder with its identity. */
    Holder add(Holder holder, DeviceFlocks.Held locks) {
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
    boolean extend(Holder holder, DeviceSet added, DeviceFlocks.Held locks) {
        Entry known = entries.get(holder.id());
        if (known == null) {
            locks.close();
            return false;
        }
        known.locks().add(locks);
        Holder larger = known.holder().withDevices(known.holder().devices().union(added));
        entries.put(holder.id(), new Entry(larger, known.locks()));
        return true;
    }

    void release(long id) {
        Entry known = entries.remove(id);
        if (known != null) {
            known.locks().close();
        }
    }

    /** Gives back what a draft has released. */
    void keepOnly(Draft draft) {
        for (Entry entry : List.copyOf(entries.values())) {
            long id = entry.holder().id();
            Holder now = draft.findHolder(id);
            if (now == null) {
                release(id);
            } else if (!now.devices().equals(entry.holder().devices())) {
                entry.locks().keepOnly(now.devices());
                entries.put(id, new Entry(now, entry.locks()));
            }
        }
    }

    /** Gives everything back. */
    @Override
    public void close() {
        entries.values().forEach(entry -> entry.locks().close());
        entries.clear();
    }
}
