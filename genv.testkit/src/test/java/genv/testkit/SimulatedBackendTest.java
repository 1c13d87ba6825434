// SPDX-License-Identifier: Apache-2.0
package genv.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Availability;
import genv.api.spi.Closeness;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import genv.api.spi.DeviceProcess;
import genv.api.spi.DeviceSample;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SimulatedBackendTest {
    private static final MemorySize GIGA = MemorySize.parse("1g");

    @Test
    void shouldBeUsedOnlyOnRequest() {
        assertTrue(SimulatedBackend.of(1).onRequestOnly());
        assertEquals("simulated", SimulatedBackend.of(1).id());
    }

    @Test
    void shouldDescribeSameDevicesWhenMadeAgain() {
        assertEquals(
                SimulatedBackend.of(300, "80g").devices(),
                SimulatedBackend.of(300, "80g").devices());
    }

    @Test
    void shouldGiveUuidsInTheShapeOfRealOnes() {
        List<Device> devices = SimulatedBackend.of(1_000).devices();
        HashSet<String> uuids = new HashSet<>();
        HashSet<String> addresses = new HashSet<>();
        for (Device device : devices) {
            String hex = "[0-9a-f]";
            assertTrue(
                    device.uuid()
                            .matches("GPU-" + hex + "{8}-" + hex + "{4}-" + hex + "{4}-" + hex + "{4}-" + hex + "{12}"),
                    device.uuid());
            String address = device.pciBusId().orElseThrow();
            assertTrue(address.matches("[0-9A-F]{8}:[0-9A-F]{2}:00\\.0"), address);
            uuids.add(device.uuid());
            addresses.add(address);
        }
        assertEquals(1_000, uuids.size());
        assertEquals(1_000, addresses.size());
    }

    @Test
    void shouldTakeNamesMemoryAndNumaNodes() {
        List<Device> devices = SimulatedBackend.builder()
                .count(4)
                .names("a", "b", "c", "d")
                .totalMemory("2g")
                .numaNodes(2)
                .build()
                .devices();
        assertEquals(
                List.of("a", "b", "c", "d"),
                devices.stream().map(d -> d.name().orElseThrow()).toList());
        assertEquals(
                List.of(0, 0, 1, 1),
                devices.stream().map(d -> d.numaNode().orElseThrow()).toList());
        assertTrue(devices.stream().allMatch(d -> d.totalMemory().equals(Optional.of(MemorySize.parse("2g")))));
    }

    @Test
    void shouldRefuseNamesThatDoNotFit() {
        SimulatedBackend.Builder builder = SimulatedBackend.builder().count(3).names("a", "b");
        assertThrows(IllegalArgumentException.class, builder::build);
    }

    @Test
    void shouldRefuseBadCounts() {
        SimulatedBackend.Builder builder = SimulatedBackend.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.count(-1));
        assertThrows(IllegalArgumentException.class, () -> builder.count(65_537));
        assertEquals(List.of(), SimulatedBackend.of(0).devices());
    }

    @Test
    void shouldTakeDeviceAsDescribed() {
        Device odd = Device.builder(1, "ODD-1").visibleName("odd").build();
        SimulatedBackend backend =
                SimulatedBackend.builder().count(2).device(odd).build();
        assertEquals(odd, backend.devices().get(1));
        assertEquals(SimulatedBackend.device(0).build(), backend.devices().get(0));
    }

    @Test
    void shouldNumberSlicesAsDevices() {
        List<Device> devices = SimulatedBackend.builder()
                .count(3)
                .totalMemory("40g")
                .slices(1, 4)
                .build()
                .devices();
        List<Device> whole = SimulatedBackend.of(3, "40g").devices();
        assertEquals(6, devices.size());
        assertEquals(whole.get(0).uuid(), devices.get(0).uuid());
        for (Device slice : devices.subList(1, 5)) {
            assertEquals(Optional.of(whole.get(1).uuid()), slice.parentUuid());
            assertEquals(Optional.of(MemorySize.parse("10g")), slice.totalMemory());
            assertTrue(slice.uuid().startsWith("MIG-"), slice.uuid());
            assertEquals(whole.get(1).pciBusId(), slice.pciBusId());
        }
        assertEquals(whole.get(2).uuid(), devices.get(5).uuid());
        assertEquals(
                List.of(0, 1, 2, 3, 4, 5), devices.stream().map(Device::index).toList());
    }

    @Test
    void shouldBeIdleAtFirst() {
        DeviceSample sample = SimulatedBackend.of(1).sample(0);
        assertEquals(OptionalInt.of(0), sample.gpuUtilization());
        assertEquals(Optional.of(MemorySize.ofBytes(0)), sample.memoryUsed());
        assertEquals(List.of(), sample.processes());
        assertTrue(sample.processesKnown());
    }

    @Test
    void shouldKeepWhetherProcessesAreKnownWhenSampleIsEdited() {
        SimulatedBackend backend = SimulatedBackend.of(1);
        backend.editSample(0, s -> s.someProcesses(List.of()));
        backend.editSample(0, s -> s.temperature(70));
        assertFalse(backend.sample(0).processesKnown());
        backend.editSample(0, s -> s.processes(List.of()));
        backend.editSample(0, s -> s.temperature(71));
        assertTrue(backend.sample(0).processesKnown());
    }

    @Test
    void shouldKeepOtherValuesWhenSampleIsEdited() {
        SimulatedBackend backend = SimulatedBackend.of(2);
        DeviceProcess process = new DeviceProcess(42, DeviceProcess.Kind.COMPUTE, Optional.of(GIGA));
        backend.editSample(1, s -> s.memoryUsed(GIGA).processes(List.of(process)));
        backend.editSample(1, s -> s.gpuUtilization(90).temperature(70));

        DeviceSample sample = backend.sample(1);
        assertEquals(Optional.of(GIGA), sample.memoryUsed());
        assertEquals(List.of(process), sample.processes());
        assertEquals(OptionalInt.of(90), sample.gpuUtilization());
        assertEquals(OptionalInt.of(70), sample.temperature());
        assertEquals(OptionalInt.of(0), backend.sample(0).gpuUtilization());
    }

    @Test
    void shouldLoseNoEditWhenThreadsEditAtOnce() throws InterruptedException {
        SimulatedBackend backend = SimulatedBackend.of(1);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 1_000; i++) {
                    int before = backend.sample(0).powerMilliwatts().orElseThrow();
                    backend.editSample(
                            0,
                            s -> s.powerMilliwatts(s.build().powerMilliwatts().orElseThrow() + 1));
                    assertTrue(backend.sample(0).powerMilliwatts().orElseThrow() > before);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(OptionalInt.of(64_000), backend.sample(0).powerMilliwatts());
    }

    @Test
    void shouldAnswerClosenessInBothDirections() {
        SimulatedBackend backend = SimulatedBackend.builder()
                .count(3)
                .closeness(2, 0, Closeness.NVLINK)
                .build();
        assertEquals(Optional.of(Closeness.NVLINK), backend.closeness(0, 2));
        assertEquals(Optional.of(Closeness.NVLINK), backend.closeness(2, 0));
        assertEquals(Optional.empty(), backend.closeness(0, 1));

        backend.setCloseness(0, 1, Closeness.SYSTEM);
        assertEquals(Optional.of(Closeness.SYSTEM), backend.closeness(1, 0));
        assertThrows(IllegalArgumentException.class, () -> backend.setCloseness(1, 1, Closeness.SYSTEM));
        assertThrows(BackendException.class, () -> backend.closeness(0, 3));
    }

    @Test
    void shouldTakeDefaultClosenessWhereNoneIsGiven() {
        SimulatedBackend backend = SimulatedBackend.builder()
                .count(3)
                .closenessByDefault(Closeness.SYSTEM)
                .closeness(0, 1, Closeness.NVLINK)
                .build();
        assertEquals(Optional.of(Closeness.NVLINK), backend.closeness(0, 1));
        assertEquals(Optional.of(Closeness.SYSTEM), backend.closeness(0, 2));
    }

    @Test
    void shouldLeaveGapWhenDeviceIsLost() {
        SimulatedBackend backend = SimulatedBackend.of(3);
        backend.lose(1, "fell off the bus");

        assertEquals(
                List.of(0, 2), backend.devices().stream().map(Device::index).toList());
        assertEquals(List.of(new DeviceFault("00000000:02:00.0", "fell off the bus")), backend.faults());
        assertThrows(BackendException.class, () -> backend.sample(1));

        backend.restore(1);
        assertEquals(SimulatedBackend.of(3).devices(), backend.devices());
        assertEquals(List.of(), backend.faults());
    }

    @Test
    void shouldRefuseToListWhenUnavailable() {
        SimulatedBackend backend = SimulatedBackend.of(1);
        backend.setUnavailable("no driver");
        assertEquals(new Availability.Unavailable("no driver"), backend.availability());
        assertThrows(BackendException.class, backend::devices);

        backend.setAvailable();
        assertEquals(1, backend.devices().size());
    }

    @Test
    void shouldStayAvailableWhenFailing() {
        SimulatedBackend backend = SimulatedBackend.of(1);
        backend.setFailing("driver error: code=999");
        assertInstanceOf(Availability.Available.class, backend.availability());
        BackendException e = assertThrows(BackendException.class, () -> backend.sample(0));
        assertEquals("driver error: code=999", e.getMessage());

        backend.setWorking();
        assertEquals(1, backend.devices().size());
    }

    @Test
    void shouldForgetWhatConcernsRemovedDevices() {
        SimulatedBackend backend = SimulatedBackend.builder()
                .count(3)
                .closeness(0, 2, Closeness.NVLINK)
                .build();
        backend.editSample(2, s -> s.gpuUtilization(50));
        backend.lose(2, "lost");
        backend.setDevices(SimulatedBackend.of(2).devices());
        backend.setDevice(SimulatedBackend.device(2).build());

        assertEquals(3, backend.devices().size());
        assertEquals(List.of(), backend.faults());
        assertEquals(OptionalInt.of(0), backend.sample(2).gpuUtilization());
        assertEquals(Optional.empty(), backend.closeness(0, 2));
    }

    @Test
    void shouldChangeNothingWhenDevicesAreRefused() {
        SimulatedBackend backend = SimulatedBackend.of(2);
        List<Device> before = backend.devices();
        Device third = SimulatedBackend.device(3).build();
        Device sameUuid = Device.builder(1, before.get(0).uuid()).build();
        assertThrows(IllegalArgumentException.class, () -> backend.setDevice(third));
        assertThrows(IllegalArgumentException.class, () -> backend.setDevice(sameUuid));
        assertThrows(IllegalArgumentException.class, () -> backend.setDevices(List.of(third)));
        assertThrows(IllegalArgumentException.class, () -> backend.lose(2, "unknown"));
        assertEquals(before, backend.devices());
        assertFalse(before.isEmpty());
    }
}
