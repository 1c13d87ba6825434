// SPDX-License-Identifier: Apache-2.0
package genv.core.rules;

import genv.core.draft.Draft;
import genv.core.model.DeviceSet;
import genv.core.model.DeviceUse;
import genv.core.model.EnvBlock;

/** Which devices have room, and which of them are taken: the lowest, unless a policy chooses. */
final class Placement {
    private final Draft draft;
    private final Candidates candidates;
    private final long share;

    /** {@code share}: what is needed of each device, bytes, or {@link EnvBlock#WHOLE}. */
    Placement(Draft draft, Candidates candidates, long share) {
        this.draft = draft;
        this.candidates = candidates;
        this.share = share;
    }

    /** Those of a set that have room for the share beside what is reserved already. */
    DeviceSet withRoom(DeviceSet set) {
        return new DeviceSet(withRoom(set.low(), 0), withRoom(set.high(), Long.SIZE));
    }

    private long withRoom(long bits, int base) {
        long result = bits;
        for (long rest = bits; rest != 0; rest &= rest - 1) {
            int device = base + Long.numberOfTrailingZeros(rest);
            boolean hasRoom = share == EnvBlock.WHOLE
                    ? draft.population(device) == 0
                    : fits(draft.use(device), candidates.total(device), share);
            if (!hasRoom) {
                result &= ~Long.lowestOneBit(rest);
            }
        }
        return result;
    }

    /** Those of a set that could ever have room for the share. */
    DeviceSet largeEnough(DeviceSet set) {
        if (share == EnvBlock.WHOLE) {
            return set;
        }
        DeviceSet result = DeviceSet.EMPTY;
        for (int i = set.next(0); i >= 0; i = set.next(i + 1)) {
            if (candidates.total(i) >= share) {
                result = result.with(i);
            }
        }
        return result;
    }

    /** The lowest {@code count} of a set that has that many. */
    static DeviceSet lowest(DeviceSet set, int count) {
        if (count == set.size()) {
            return set;
        }
        DeviceSet result = DeviceSet.EMPTY;
        int index = -1;
        for (int n = 0; n < count; n++) {
            index = set.next(index + 1);
            result = result.with(index);
        }
        return result;
    }

    /** {@code count} of a set that has that many: those that the policy chooses for an environment. */
    DeviceSet choose(EnvBlock block, DeviceSet set, int count) {
        Chooser chooser = candidates.chooser();
        return chooser == null ? lowest(set, count) : chooser.choose(draft, block, block.devices(), set, count, false);
    }

    /**
     * {@code count} of a set that has that many, over-subscribed: free ones first, then the least populated. A free one that
     * somebody waits for comes last, since it is free only until that one is served. The policy chooses among the last of
     * these, where several are equally populated.
     */
    DeviceSet leastPopulated(EnvBlock block, DeviceSet set, int count, DeviceSet waitedFor) {
        if (set.size() < count) {
            throw new IllegalArgumentException("too few devices to choose from: devices=" + set + " count=" + count);
        }
        DeviceSet result = DeviceSet.EMPTY;
        while (true) {
            int missing = count - result.size();
            long bestRank = Long.MAX_VALUE;
            DeviceSet best = DeviceSet.EMPTY;
            for (int i = set.next(0); i >= 0; i = set.next(i + 1)) {
                long rank = rank(i, waitedFor);
                if (result.contains(i) || rank > bestRank) {
                    continue;
                }
                best = rank < bestRank ? DeviceSet.of(i) : best.with(i);
                bestRank = rank;
            }
            if (best.size() <= missing) {
                result = result.union(best);
                if (result.size() == count) {
                    return result;
                }
                continue;
            }
            Chooser chooser = candidates.chooser();
            DeviceSet chosen = chooser == null
                    ? lowest(best, missing)
                    : chooser.choose(draft, block, block.devices().union(result), best, missing, true);
            return result.union(chosen);
        }
    }

    private long rank(int device, DeviceSet waitedFor) {
        int population = draft.population(device);
        return population == 0 && waitedFor.contains(device) ? Long.MAX_VALUE - 1 : population;
    }

    /** Whether a share, or the whole device, is left of a device. */
    static boolean fits(DeviceUse use, long total, long share) {
        if (share == EnvBlock.WHOLE) {
            return use.population() == 0;
        }
        return use.whole() == 0 && share <= total && use.reserved() <= total - share;
    }
}
