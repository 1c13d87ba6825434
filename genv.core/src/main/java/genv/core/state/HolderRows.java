// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static genv.core.layout.RecordLayout.HOLDER_DEVICES;
import static genv.core.layout.RecordLayout.HOLDER_ENV;
import static genv.core.layout.RecordLayout.HOLDER_HASH;
import static genv.core.layout.RecordLayout.HOLDER_ID;
import static genv.core.layout.RecordLayout.HOLDER_MEMORY;
import static genv.core.layout.RecordLayout.HOLDER_PID_MODE;
import static genv.core.layout.RecordLayout.HOLDER_SINCE;
import static genv.core.layout.RecordLayout.HOLDER_TOKEN;
import static genv.core.layout.RecordLayout.HOLDER_WORDS;

import genv.api.GenvException;
import genv.api.LockMode;
import genv.core.layout.RecordLayout;
import genv.core.model.DeviceSet;
import genv.core.model.EnvBlock;
import genv.core.model.Holder;

/** The device locks that are held, in a record's image; in no order. */
final class HolderRows {
    private final RecordImage image;

    HolderRows(RecordImage image) {
        this.image = image;
    }

    int count() {
        return image.holderCount;
    }

    Holder get(int position) {
        long pidMode = word(position, HOLDER_PID_MODE);
        return new Holder(
                word(position, HOLDER_ID),
                env(position),
                (int) word(position, HOLDER_HASH),
                word(position, HOLDER_TOKEN),
                pidMode >>> 32,
                (int) pidMode == 0 ? LockMode.EXCLUSIVE : LockMode.SHARE,
                word(position, HOLDER_MEMORY),
                word(position, HOLDER_SINCE),
                devices(position));
    }

    long env(int position) {
        return word(position, HOLDER_ENV);
    }

    DeviceSet devices(int position) {
        return new DeviceSet(word(position, HOLDER_DEVICES), word(position, HOLDER_DEVICES + 1));
    }

    /** The position of the lock of an identity, or -1. */
    int positionOf(long id) {
        for (int i = 0; i < image.holderCount; i++) {
            if (word(i, HOLDER_ID) == id) {
                return i;
            }
        }
        return -1;
    }

    /** Whether somebody holds a lock beside which there can be no other one for that share, whatever has room. */
    boolean excludes(DeviceSet devices, long share) {
        for (int i = 0; i < image.holderCount; i++) {
            if ((share == EnvBlock.WHOLE || word(i, HOLDER_MEMORY) == EnvBlock.WHOLE)
                    && devices(i).intersects(devices)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Adds a lock.
     *
     * @throws GenvException if there are too many
     */
    void add(Holder holder) {
        if (image.holderCount == RecordLayout.MAX_HOLDERS) {
            throw new GenvException("too many device locks are held: limit=" + RecordLayout.MAX_HOLDERS
                    + "; release some, or lock in fewer environments at a time");
        }
        image.roomForHolder();
        set(image.holderCount++, holder);
    }

    void set(int position, Holder holder) {
        int at = position * HOLDER_WORDS;
        long[] words = image.holders;
        words[at + HOLDER_ID] = holder.id();
        words[at + HOLDER_ENV] = holder.env();
        words[at + HOLDER_TOKEN] = holder.token();
        words[at + HOLDER_PID_MODE] = holder.pid() << 32 | (holder.mode() == LockMode.SHARE ? 1 : 0);
        words[at + HOLDER_MEMORY] = holder.memory();
        words[at + HOLDER_SINCE] = holder.since();
        words[at + HOLDER_DEVICES] = holder.devices().low();
        words[at + HOLDER_DEVICES + 1] = holder.devices().high();
        words[at + HOLDER_HASH] = holder.hash();
        words[at + HOLDER_HASH + 1] = 0;
    }

    void removeAt(int position) {
        int last = --image.holderCount;
        if (position != last) {
            System.arraycopy(image.holders, last * HOLDER_WORDS, image.holders, position * HOLDER_WORDS, HOLDER_WORDS);
        }
    }

    private long word(int position, int word) {
        return image.holders[position * HOLDER_WORDS + word];
    }
}
