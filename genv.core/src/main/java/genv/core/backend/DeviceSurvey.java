// SPDX-License-Identifier: Apache-2.0
package genv.core.backend;

import genv.api.BackendException;
import genv.api.PlacementPolicy;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceBackend;
import genv.api.spi.DeviceProcess;
import genv.api.spi.DeviceSample;
import genv.core.rules.Survey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Asks a backend what a placement policy needs to know. What it said of the connections between devices is kept as long as
 * the list of devices is the same. Thread-safe.
 */
public final class DeviceSurvey {
    /** Further up nobody is looked for: a process has no more generations above it, or they do not matter. */
    private static final int MOST_ANCESTORS = 64;

    private final BackendSelector selector;
    private volatile Connections connections = new Connections(List.of(), Map.of());

    private record Connections(List<Device> devices, Map<Integer, Optional<Closeness>> byPair) {
        /** What was said of two devices; nothing of one that was not asked about. */
        Optional<Closeness> between(int first, int second) {
            return byPair.getOrDefault(pair(first, second), Optional.empty());
        }
    }

    public DeviceSurvey(BackendSelector selector) {
        this.selector = selector;
    }

    /**
     * Surveys devices.
     *
     * @param devices all devices of the host, which may be attached already
     * @param candidates those that can be given
     * @throws BackendException if the backend fails otherwise than by not knowing one device
     */
    public Survey survey(List<Device> devices, List<Device> candidates, Set<PlacementPolicy.Need> needs) {
        Map<Integer, Device> byIndex = new HashMap<>();
        candidates.forEach(device -> byIndex.put(device.index(), device));
        Map<Integer, DeviceSample> samples = new HashMap<>();
        Map<Integer, Map<Long, long[]>> users = new HashMap<>();
        if (needs.contains(PlacementPolicy.Need.SAMPLES) || needs.contains(PlacementPolicy.Need.OUTSIDERS)) {
            DeviceBackend backend = selector.backend();
            for (Device device : candidates) {
                measure(backend, device.index()).ifPresent(sample -> samples.put(device.index(), sample));
            }
        }
        if (needs.contains(PlacementPolicy.Need.OUTSIDERS)) {
            Map<Long, long[]> known = new HashMap<>();
            samples.forEach((index, sample) -> users.put(index, lineages(sample.processes(), known)));
        }
        if (!needs.contains(PlacementPolicy.Need.CLOSENESS)) {
            return new Survey(byIndex, samples, users, (first, second) -> Optional.empty());
        }
        return new Survey(byIndex, samples, users, connections(devices)::between);
    }

    /** A device that was lost or cannot be measured has no sample; the request can do without. */
    private static Optional<DeviceSample> measure(DeviceBackend backend, int index) {
        try {
            return Optional.of(DeviceTable.ask(backend, "sample(" + index + ")", () -> backend.sample(index)));
        } catch (BackendException lost) {
            return Optional.empty();
        }
    }

    private static Map<Long, long[]> lineages(List<DeviceProcess> processes, Map<Long, long[]> known) {
        Map<Long, long[]> result = new HashMap<>();
        for (DeviceProcess process : processes) {
            result.put(process.pid(), known.computeIfAbsent(process.pid(), DeviceSurvey::ancestors));
        }
        return result;
    }

    private static long[] ancestors(long pid) {
        return Stream.iterate(
                        ProcessHandle.of(pid).flatMap(ProcessHandle::parent),
                        Optional::isPresent,
                        parent -> parent.flatMap(ProcessHandle::parent))
                .limit(MOST_ANCESTORS)
                .flatMapToLong(parent -> LongStream.of(parent.orElseThrow().pid()))
                .toArray();
    }

    private Connections connections(List<Device> devices) {
        Connections known = connections;
        if (!known.devices().equals(devices)) {
            DeviceBackend backend = selector.backend();
            Map<Integer, Optional<Closeness>> byPair = new HashMap<>();
            for (Device one : devices) {
                for (Device other : devices) {
                    if (one.index() < other.index()) {
                        byPair.put(
                                pair(one.index(), other.index()),
                                DeviceTable.ask(
                                        backend,
                                        "closeness(" + one.index() + ", " + other.index() + ")",
                                        () -> backend.closeness(one.index(), other.index())));
                    }
                }
            }
            known = new Connections(devices, byPair);
            connections = known;
        }
        return known;
    }

    private static int pair(int first, int second) {
        return Math.min(first, second) << 16 | Math.max(first, second);
    }
}
