// SPDX-License-Identifier: Apache-2.0
package genv.core.state;

import static genv.core.layout.RecordLayout.DEVICE_POPULATION;
import static genv.core.layout.RecordLayout.DEVICE_RESERVED;
import static genv.core.layout.RecordLayout.DEVICE_TOTAL;
import static genv.core.layout.RecordLayout.DEVICE_UUID;
import static genv.core.layout.RecordLayout.DEVICE_WORDS;

import genv.core.layout.CoarseTime;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;

/** The devices in a record's image: how many have each, and how much of it is reserved. */
final class DeviceRows {
    private static final long LOW_HALF = 0xffff_ffffL;

    private final RecordImage image;

    DeviceRows(RecordImage image) {
        this.image = image;
    }

    DeviceUse use(int index) {
        if (index >= image.deviceCount) {
            return new DeviceUse(0, 0, 0, -1);
        }
        long population = word(index, DEVICE_POPULATION);
        return new DeviceUse(
                (int) (population >>> 32), (int) population, word(index, DEVICE_RESERVED), word(index, DEVICE_TOTAL));
    }

    int population(int index) {
        return index >= image.deviceCount ? 0 : (int) (word(index, DEVICE_POPULATION) >>> 32);
    }

    void describe(int index, long totalMemory, int uuidHash) {
        grow(index);
        set(index, DEVICE_TOTAL, totalMemory);
        set(index, DEVICE_UUID, (long) uuidHash << 32 | (word(index, DEVICE_UUID) & LOW_HALF));
    }

    int uuidHash(int index) {
        return index >= image.deviceCount ? 0 : (int) (word(index, DEVICE_UUID) >>> 32);
    }

    /** Counts the devices of an environment as taken, or with -1 as given back. */
    void account(EnvBlock block, int sign) {
        long share = EnvBlock.counted(block.gpuMemory());
        long step = (1L << 32 | (share == EnvBlock.WHOLE ? 1 : 0)) * sign;
        for (int i = 0; i < block.attachmentCount(); i++) {
            int index = EnvBlock.index(block.attachment(i));
            grow(index);
            set(index, DEVICE_POPULATION, word(index, DEVICE_POPULATION) + step);
            if (share != EnvBlock.WHOLE) {
                set(index, DEVICE_RESERVED, word(index, DEVICE_RESERVED) + share * sign);
            }
        }
    }

    /** Notes when something of them was freed. */
    void markFreed(DeviceSet devices, long now) {
        long stamp = CoarseTime.of(now) & LOW_HALF;
        for (int d = devices.next(0); d >= 0 && d < image.deviceCount; d = devices.next(d + 1)) {
            set(d, DEVICE_UUID, (word(d, DEVICE_UUID) & ~LOW_HALF) | stamp);
        }
    }

    /** How long ago something of a device was {@linkplain #markFreed freed}; the longest time if it never was. */
    long millisSinceFreed(int index, long now) {
        int stamp = index >= image.deviceCount ? 0 : (int) word(index, DEVICE_UUID);
        return stamp == 0 ? Long.MAX_VALUE : CoarseTime.millisSince(stamp, now);
    }

    private void grow(int index) {
        int known = image.deviceCount;
        if (index >= known) {
            image.growDevices(index + 1);
            for (int i = known; i <= index; i++) {
                set(i, DEVICE_TOTAL, -1);
            }
        }
    }

    private long word(int index, int word) {
        return image.devices[index * DEVICE_WORDS + word];
    }

    private void set(int index, int word, long value) {
        image.setDeviceWord(index * DEVICE_WORDS + word, value);
    }
}
