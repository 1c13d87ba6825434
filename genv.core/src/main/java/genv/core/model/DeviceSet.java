// SPDX-License-Identifier: Apache-2.0
package genv.core.model;

import java.util.List;
import java.util.stream.IntStream;

/** An immutable set of device indices from 0 to 127. */
public record DeviceSet(long low, long high) {
    /** How many indices there are; all are below it. */
    public static final int CAPACITY = 128;

    public static final DeviceSet EMPTY = new DeviceSet(0, 0);

    /** For each index, the list of it alone. */
    private static final List<List<Integer>> SINGLES =
            IntStream.range(0, CAPACITY).mapToObj(List::of).toList();

    public static DeviceSet of(int index) {
        return index < 64 ? new DeviceSet(1L << index, 0) : new DeviceSet(0, 1L << (index - 64));
    }

    public static DeviceSet of(int[] indices) {
        long low = 0;
        long high = 0;
        for (int index : indices) {
            if (index < 64) {
                low |= 1L << index;
            } else {
                high |= 1L << (index - 64);
            }
        }
        return new DeviceSet(low, high);
    }

    public boolean isEmpty() {
        return (low | high) == 0;
    }

    public boolean contains(int index) {
        return index < 64 ? (low >>> index & 1) != 0 : (high >>> (index - 64) & 1) != 0;
    }

    public boolean containsAll(DeviceSet other) {
        return ((other.low & ~low) | (other.high & ~high)) == 0;
    }

    public boolean intersects(DeviceSet other) {
        return ((low & other.low) | (high & other.high)) != 0;
    }

    public DeviceSet with(int index) {
        return union(of(index));
    }

    public DeviceSet union(DeviceSet other) {
        if (isEmpty()) {
            return other;
        }
        return new DeviceSet(low | other.low, high | other.high);
    }

    public DeviceSet intersect(DeviceSet other) {
        return new DeviceSet(low & other.low, high & other.high);
    }

    public DeviceSet minus(DeviceSet other) {
        if (!intersects(other)) {
            return this;
        }
        return new DeviceSet(low & ~other.low, high & ~other.high);
    }

    public int size() {
        return Long.bitCount(low) + Long.bitCount(high);
    }

    /** The smallest index that is at least {@code from}, or -1. */
    public int next(int from) {
        if (from < 64) {
            long rest = low & -1L << from;
            if (rest != 0) {
                return Long.numberOfTrailingZeros(rest);
            }
        }
        int start = Math.max(from - 64, 0);
        long rest = start < 64 ? high & -1L << start : 0;
        return rest == 0 ? -1 : 64 + Long.numberOfTrailingZeros(rest);
    }

    /** The indices, ascending. */
    public List<Integer> toList() {
        if (isEmpty()) {
            return List.of();
        }
        if (size() == 1) {
            return SINGLES.get(next(0));
        }
        Integer[] indices = new Integer[size()];
        int n = 0;
        for (int i = next(0); i >= 0; i = next(i + 1)) {
            indices[n++] = i;
        }
        return List.of(indices);
    }

    @Override
    public String toString() {
        return toList().toString();
    }
}
