// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceSample;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Everything that a {@link SimulatedBackend} says at one instant; immutable, each change makes a new one.
 *
 * @param devices all devices, the lost ones too; the index is the position
 * @param present those that are not lost
 * @param samples of those devices that are not idle
 * @param pairs the closeness of pairs
 * @param otherPairs the closeness of all pairs that are not in {@code pairs}
 * @param lost index and reason
 * @param unavailable why the backend cannot be used
 * @param failing why every call fails
 */
record SimulatedState(
        List<Device> devices,
        List<Device> present,
        Map<Integer, DeviceSample> samples,
        Map<Pair, Closeness> pairs,
        Optional<Closeness> otherPairs,
        Map<Integer, String> lost,
        Optional<String> unavailable,
        Optional<String> failing) {

    private static final DeviceSample IDLE = DeviceSample.builder()
            .memoryUsed(MemorySize.ofBytes(0))
            .gpuUtilization(0)
            .memoryUtilization(0)
            .temperature(30)
            .powerMilliwatts(60_000)
            .processes(List.of())
            .build();

    /** Two devices without an order. */
    record Pair(int low, int high) {
        static Pair of(int first, int second) {
            return new Pair(Math.min(first, second), Math.max(first, second));
        }
    }

    static SimulatedState of(List<Device> devices) {
        return empty().withDevices(devices);
    }

    private static SimulatedState empty() {
        return new SimulatedState(
                List.of(),
                List.of(),
                Map.of(),
                Map.of(),
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Optional.empty());
    }

    void requireWorking() {
        if (unavailable.isPresent()) {
            throw new BackendException(unavailable.get());
        }
        if (failing.isPresent()) {
            throw new BackendException(failing.get());
        }
    }

    DeviceSample sample(int index) {
        requireAsked(index);
        String reason = lost.get(index);
        if (reason != null) {
            throw new BackendException("simulated device is lost: index=" + index + ", reason=" + reason);
        }
        return samples.getOrDefault(index, IDLE);
    }

    List<DeviceFault> faults() {
        List<DeviceFault> faults = new ArrayList<>();
        new TreeMap<>(lost)
                .forEach((index, reason) ->
                        faults.add(new DeviceFault(devices.get(index).pciBusId().orElse("index=" + index), reason)));
        return List.copyOf(faults);
    }

    Optional<Closeness> closeness(int first, int second) {
        requireAsked(first);
        requireAsked(second);
        if (first == second) {
            return Optional.empty();
        }
        return Optional.ofNullable(pairs.get(Pair.of(first, second))).or(() -> otherPairs);
    }

    SimulatedState withDevices(List<Device> replacement) {
        Set<String> uuids = new HashSet<>();
        for (int i = 0; i < replacement.size(); i++) {
            Device device = replacement.get(i);
            if (device.index() != i) {
                throw new IllegalArgumentException(
                        "simulated devices are not numbered 0, 1, 2 in their order: position=" + i + ", index="
                                + device.index());
            }
            if (!uuids.add(device.uuid())) {
                throw new IllegalArgumentException("uuid of a simulated device is there twice: uuid=" + device.uuid());
            }
        }
        int size = replacement.size();
        Map<Integer, DeviceSample> keptSamples = new HashMap<>(samples);
        keptSamples.keySet().removeIf(index -> index >= size);
        Map<Pair, Closeness> keptPairs = new HashMap<>(pairs);
        keptPairs.keySet().removeIf(pair -> pair.high() >= size);
        Map<Integer, String> keptLost = new HashMap<>(lost);
        keptLost.keySet().removeIf(index -> index >= size);
        return of(replacement, keptSamples, keptPairs, otherPairs, keptLost, unavailable, failing);
    }

    SimulatedState withDevice(Device device) {
        List<Device> replacement = new ArrayList<>(devices);
        if (device.index() < 0 || device.index() > devices.size()) {
            throw new IllegalArgumentException("simulated device leaves a gap: index=" + device.index() + ", devices="
                    + devices.size() + "; add the missing ones first");
        }
        if (device.index() == devices.size()) {
            replacement.add(device);
        } else {
            replacement.set(device.index(), device);
        }
        return withDevices(replacement);
    }

    SimulatedState withSample(int index, DeviceSample sample) {
        requireKnown(index);
        Map<Integer, DeviceSample> changed = new HashMap<>(samples);
        changed.put(index, sample);
        return of(devices, changed, pairs, otherPairs, lost, unavailable, failing);
    }

    SimulatedState withEditedSample(int index, UnaryOperator<DeviceSample.Builder> edit) {
        requireKnown(index);
        DeviceSample now = samples.getOrDefault(index, IDLE);
        DeviceSample.Builder builder = DeviceSample.builder();
        if (now.processesKnown()) {
            builder.processes(now.processes());
        } else {
            builder.someProcesses(now.processes());
        }
        now.memoryUsed().ifPresent(builder::memoryUsed);
        now.gpuUtilization().ifPresent(builder::gpuUtilization);
        now.memoryUtilization().ifPresent(builder::memoryUtilization);
        now.temperature().ifPresent(builder::temperature);
        now.powerMilliwatts().ifPresent(builder::powerMilliwatts);
        return withSample(index, edit.apply(builder).build());
    }

    SimulatedState withCloseness(int first, int second, Closeness closeness) {
        requireKnown(first);
        requireKnown(second);
        if (first == second) {
            throw new IllegalArgumentException(
                    "closeness of a device and itself: index=" + first + "; give two devices");
        }
        Map<Pair, Closeness> changed = new HashMap<>(pairs);
        changed.put(Pair.of(first, second), closeness);
        return of(devices, samples, changed, otherPairs, lost, unavailable, failing);
    }

    SimulatedState withClosenessByDefault(Closeness closeness) {
        return of(devices, samples, pairs, Optional.of(closeness), lost, unavailable, failing);
    }

    SimulatedState withLost(int index, String reason) {
        requireKnown(index);
        Map<Integer, String> changed = new HashMap<>(lost);
        changed.put(index, reason);
        return of(devices, samples, pairs, otherPairs, changed, unavailable, failing);
    }

    SimulatedState withRestored(int index) {
        requireKnown(index);
        Map<Integer, String> changed = new HashMap<>(lost);
        changed.remove(index);
        return of(devices, samples, pairs, otherPairs, changed, unavailable, failing);
    }

    SimulatedState withUnavailable(Optional<String> reason) {
        return of(devices, samples, pairs, otherPairs, lost, reason, failing);
    }

    SimulatedState withFailing(Optional<String> reason) {
        return of(devices, samples, pairs, otherPairs, lost, unavailable, reason);
    }

    private static SimulatedState of(
            List<Device> devices,
            Map<Integer, DeviceSample> samples,
            Map<Pair, Closeness> pairs,
            Optional<Closeness> otherPairs,
            Map<Integer, String> lost,
            Optional<String> unavailable,
            Optional<String> failing) {
        List<Device> present =
                devices.stream().filter(d -> !lost.containsKey(d.index())).toList();
        return new SimulatedState(
                List.copyOf(devices),
                present,
                Map.copyOf(samples),
                Map.copyOf(pairs),
                otherPairs,
                Map.copyOf(lost),
                unavailable,
                failing);
    }

    /** For who asks through the SPI, where an index may have come from another process. */
    private void requireAsked(int index) {
        if (unknown(index)) {
            throw new BackendException("unknown simulated device: index=" + index + ", devices=" + devices.size()
                    + "; list the devices first");
        }
    }

    /** For the test that changes the devices. */
    private void requireKnown(int index) {
        if (unknown(index)) {
            throw new IllegalArgumentException("unknown simulated device: index=" + index + ", devices="
                    + devices.size() + "; give one below the number of devices");
        }
    }

    private boolean unknown(int index) {
        return index < 0 || index >= devices.size();
    }
}
