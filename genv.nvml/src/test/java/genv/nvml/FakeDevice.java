// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A GPU or MIG instance of a {@link FakeNvml}; fields may be changed at any time. */
final class FakeDevice {
    static final long GIB = 1L << 30;

    /** A process as NVML lists it. */
    record FakeProcess(int pid, long memory) {}

    volatile String uuid;
    volatile String name = "NVIDIA Fake 80GB";
    volatile int domain;
    volatile int bus;
    volatile int device;
    volatile long total = 80 * GIB;
    volatile long reserved = GIB;
    volatile long used = 3 * GIB;
    volatile int gpuUtilization = 42;
    volatile int memoryUtilization = 17;
    volatile int temperature = 55;
    volatile int power = 123_456;
    volatile int minorNumber;
    volatile long numaNodes = 0b10;
    volatile int numaWord;
    volatile boolean mig;
    volatile boolean migPending;
    volatile int maxInstances = 7;

    /** Instances by NVML's index; an index without one is not found. */
    final Map<Integer, FakeDevice> instances = new HashMap<>();

    final List<FakeProcess> compute = new ArrayList<>();
    final List<FakeProcess> mps = new ArrayList<>();
    final List<FakeProcess> graphics = new ArrayList<>();

    /**
     * Code by function name without version; under {@code *} for every function. Memory and temperature also take the
     * name of their newer version, for that one alone.
     */
    final Map<String, Integer> codes = new HashMap<>();

    /** Links by number: the device at the far end, or null for one that is down. */
    final Map<Integer, @Nullable FakeDevice> links = new HashMap<>();

    FakeDevice(int number) {
        uuid = "GPU-00000000-0000-0000-0000-%012d".formatted(number);
        bus = 0x10 + number;
        minorNumber = number;
    }

    FakeDevice failing(String function, int code) {
        codes.put(function, code);
        return this;
    }

    FakeDevice instance(int index, String uuid, long total) {
        FakeDevice instance = new FakeDevice(index);
        instance.uuid = uuid;
        instance.name = "NVIDIA Fake MIG";
        instance.total = total;
        instance.used = 5;
        mig = true;
        instances.put(index, instance);
        return instance;
    }
}
