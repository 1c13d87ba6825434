// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.api.BackendException;
import genv.api.MemorySize;
import genv.api.spi.Device;
import genv.api.spi.DeviceFault;
import genv.nvml.Inventory.Entry;
import genv.nvml.binding.NvmlAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Finds the devices of a host and numbers them.
 *
 * <p>Numbers go up in PCI order. A GPU in MIG mode is not a device itself, since nothing can run on it; its instances
 * are, in NVML's order, in its place. A GPU or instance that is lost or forbidden keeps a number that no device has, so
 * that the others keep theirs, and is reported as a fault; where its PCI address cannot be read it keeps the place at
 * which NVML listed it. A GPU in MIG mode without instances has no number and is reported too. What {@link Numbering}
 * has settled before stays.
 */
final class InventoryReader {
    private final NvmlCalls nvml;
    private final Numbering numbering;
    private final DeviceReader reader;
    private final MemorySegment out;

    private final List<Found> found = new ArrayList<>();
    private final List<DeviceFault> faults = new ArrayList<>();
    private final Set<Integer> faulty = new HashSet<>();
    private int nextIndex;
    private boolean cudaNumbersDiffer;

    private InventoryReader(NvmlCalls nvml, Numbering numbering, Arena arena) {
        this.nvml = nvml;
        this.numbering = numbering;
        this.reader = new DeviceReader(nvml, arena);
        this.out = arena.allocate(ValueLayout.JAVA_LONG);
    }

    /**
     * Reads all devices.
     *
     * @throws BackendException if NVML does not even tell how many there are
     * @throws SessionLostException if the session is lost
     */
    static Inventory read(NvmlCalls nvml, int epoch, Numbering numbering) {
        try (Arena arena = Arena.ofConfined()) {
            InventoryReader inventory = new InventoryReader(nvml, numbering, arena);
            inventory.gpus().forEach(inventory::add);
            return inventory.result(epoch);
        }
    }

    /** A GPU that NVML counts: one that can be used, or one with the code that says why not. */
    private record Gpu(int listed, MemorySegment handle, Optional<PciAddress> pci, Optional<String> uuid, int code) {}

    /** A device in its place, with what is known of it. */
    private record Found(
            int place,
            Optional<String> uuid,
            String id,
            List<Consumer<Device.Builder>> facts,
            MemorySegment handle,
            Gpu gpu) {}

    private List<Gpu> gpus() {
        int code = nvml.count(out);
        if (!NvmlCode.deliveredByLibrary(code)) {
            throw new BackendException("nvml does not tell the number of devices: " + NvmlCode.describe(nvml, code)
                    + "; see whether nvidia-smi works");
        }
        int count = out.get(ValueLayout.JAVA_INT, 0);
        List<Gpu> gpus = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            gpus.add(gpu(i));
        }
        return inPciOrder(gpus);
    }

    private Gpu gpu(int listed) {
        out.set(ValueLayout.JAVA_LONG, 0, 0);
        int code = nvml.handleByIndex(listed, out);
        MemorySegment handle = MemorySegment.ofAddress(out.get(ValueLayout.JAVA_LONG, 0));
        if (NvmlCode.isSessionLost(code)) {
            throw new SessionLostException(code);
        }
        if (NvmlCode.isSuccess(code) && handle.address() == 0) {
            // A lost device has been seen to be given as success without a handle.
            code = NvmlAbi.NVML_ERROR_GPU_IS_LOST();
        }
        if (!NvmlCode.isSuccess(code)) {
            return new Gpu(listed, MemorySegment.NULL, Optional.empty(), Optional.empty(), code);
        }
        Optional<PciAddress> pci = Optional.empty();
        try {
            pci = reader.pciAddress(handle);
            Optional<String> uuid = reader.uuid(handle);
            // A device that does not even have a name does not answer at all, whatever the code.
            boolean answers = uuid.isPresent() || reader.name(handle).isPresent();
            return new Gpu(listed, handle, pci, uuid, answers ? code : NvmlAbi.NVML_ERROR_UNKNOWN());
        } catch (DeviceLostException e) {
            return new Gpu(listed, handle, pci, Optional.empty(), e.code);
        }
    }

    /** Sorts those whose address is known among the places that they have; the others stay where they are. */
    private static List<Gpu> inPciOrder(List<Gpu> listed) {
        List<Gpu> sorted = new ArrayList<>(
                listed.stream().filter(gpu -> gpu.pci().isPresent()).toList());
        sorted.sort(Comparator.comparing(gpu -> gpu.pci().orElseThrow()));
        List<Gpu> result = new ArrayList<>(listed);
        int next = 0;
        for (int i = 0; i < result.size(); i++) {
            if (result.get(i).pci().isPresent()) {
                result.set(i, sorted.get(next++));
            }
        }
        return result;
    }

    private void add(Gpu gpu) {
        if (!NvmlCode.isSuccess(gpu.code())) {
            fault(gpu.pci(), nextIndex++, gpu.code());
            return;
        }
        int first = nextIndex;
        try {
            Optional<Boolean> mig = reader.migEnabled(gpu.handle());
            if (mig.orElse(false)) {
                addInstances(gpu);
            } else {
                addWhole(gpu, mig);
            }
        } catch (DeviceLostException e) {
            found.removeIf(device -> device.place() >= first);
            nextIndex = first + 1;
            fault(gpu.pci(), first, e.code);
        }
    }

    private void addWhole(Gpu gpu, Optional<Boolean> mig) {
        List<Consumer<Device.Builder>> facts = new ArrayList<>();
        reader.name(gpu.handle()).ifPresent(name -> facts.add(device -> device.name(name)));
        reader.totalMemory(gpu.handle()).ifPresent(memory -> facts.add(device -> device.totalMemory(memory)));
        mig.ifPresent(enabled -> facts.add(device -> device.migEnabled(enabled)));
        addFactsOfGpu(facts, gpu);
        found.add(new Found(
                nextIndex++, gpu.uuid(), gpu.uuid().orElseGet(() -> substitute(gpu)), facts, gpu.handle(), gpu));
    }

    private static String substitute(Gpu gpu) {
        return gpu.pci().map(pci -> "PCI-" + pci.text()).orElse("NVML-" + gpu.listed());
    }

    private void addInstances(Gpu gpu) {
        cudaNumbersDiffer = true;
        int before = nextIndex;
        int max = reader.maxInstances(gpu.handle());
        for (int i = 0; i < max; i++) {
            out.set(ValueLayout.JAVA_LONG, 0, 0);
            int code = nvml.migDeviceHandleByIndex(gpu.handle(), i, out);
            if (code == NvmlAbi.NVML_ERROR_NOT_FOUND() || code == NvmlAbi.NVML_ERROR_INVALID_ARGUMENT()) {
                continue;
            }
            int index = nextIndex++;
            if (NvmlCode.delivered(code)) {
                addInstance(gpu, MemorySegment.ofAddress(out.get(ValueLayout.JAVA_LONG, 0)), index);
            } else {
                fault(name(gpu.pci(), index) + " mig instance " + i, index, NvmlCode.deviceReason(nvml, code));
            }
        }
        if (nextIndex == before) {
            faults.add(new DeviceFault(
                    name(gpu.pci(), nextIndex),
                    "in mig mode without an instance, so that nothing can run on it: uuid="
                            + gpu.uuid().orElse("unknown")
                            + "; create instances with nvidia-smi mig, or leave mig mode"));
        }
    }

    private void addInstance(Gpu gpu, MemorySegment handle, int index) {
        Optional<String> uuid = reader.uuid(handle);
        if (uuid.isEmpty()) {
            fault(
                    name(gpu.pci(), index) + " mig instance",
                    index,
                    "mig instance without uuid, so that no process can be given it; update the driver");
            return;
        }
        List<Consumer<Device.Builder>> facts = new ArrayList<>();
        facts.add(device -> device.migEnabled(true));
        gpu.uuid().ifPresent(parent -> facts.add(device -> device.parentUuid(parent)));
        reader.name(handle).ifPresent(name -> facts.add(device -> device.name(name)));
        Optional<MemorySize> memory = reader.totalMemory(handle).or(() -> reader.memoryOfInstance(handle));
        memory.ifPresent(total -> facts.add(device -> device.totalMemory(total)));
        addFactsOfGpu(facts, gpu);
        found.add(new Found(index, uuid, uuid.get(), facts, handle, gpu));
    }

    private void addFactsOfGpu(List<Consumer<Device.Builder>> facts, Gpu gpu) {
        gpu.pci().ifPresent(pci -> facts.add(device -> device.pciBusId(pci.text())));
        reader.minorNumber(gpu.handle()).ifPresent(minor -> facts.add(device -> device.minorNumber(minor)));
        reader.computeCapability(gpu.handle())
                .ifPresent(version -> facts.add(device -> device.computeCapability(version)));
        reader.numaNode(gpu.handle()).ifPresent(node -> facts.add(device -> device.numaNode(node)));
    }

    private void fault(Optional<PciAddress> pci, int index, int code) {
        // CUDA leaves out what it cannot use, and numbers the rest.
        cudaNumbersDiffer = true;
        fault(name(pci, index), index, NvmlCode.deviceReason(nvml, code));
    }

    private void fault(String device, int index, String reason) {
        faulty.add(index);
        faults.add(new DeviceFault(device, reason));
    }

    private static String name(Optional<PciAddress> pci, int index) {
        return pci.map(PciAddress::text).orElse("index=" + index);
    }

    private Inventory result(int epoch) {
        Map<Integer, Entry> entries = new TreeMap<>();
        Set<String> present = new HashSet<>();
        for (Found device : found) {
            if (!present.add(device.id())) {
                faults.add(new DeviceFault(
                        name(device.gpu().pci(), device.place()),
                        "uuid of another device, so that the two cannot be told apart: uuid=" + device.id()
                                + "; update the driver"));
                continue;
            }
            Entry entry = entry(device);
            entries.put(entry.device().index(), entry);
        }
        numbering.missing(present).forEach((index, uuid) -> {
            if (!faulty.contains(index)) {
                faults.add(new DeviceFault(
                        "index=" + index,
                        "no longer there: uuid=" + uuid
                                + "; it was removed, or its mig instance destroyed: open the host anew for what"
                                + " replaced it"));
            }
        });
        List<Device> devices = entries.values().stream().map(Entry::device).toList();
        return new Inventory(epoch, devices, Map.copyOf(entries), List.copyOf(faults));
    }

    private Entry entry(Found found) {
        Numbering.Place place = numbering.place(found.id(), found.place(), cudaNumbersDiffer);
        Device.Builder device = Device.builder(place.index(), found.id());
        found.facts().forEach(fact -> fact.accept(device));
        if (place.byUuid()) {
            found.uuid().ifPresent(device::visibleName);
        }
        Gpu gpu = found.gpu();
        boolean instance = found.handle().address() != gpu.handle().address();
        return new Entry(device.build(), found.handle(), gpu.handle(), gpu.pci(), instance);
    }
}
