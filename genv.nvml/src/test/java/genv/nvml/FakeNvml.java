// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.FakeDevice.FakeProcess;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlDeviceAttributes_t;
import genv.nvml.binding.nvmlDeviceGetAttributes_fn;
import genv.nvml.binding.nvmlDeviceGetCount_fn;
import genv.nvml.binding.nvmlDeviceGetCudaComputeCapability_fn;
import genv.nvml.binding.nvmlDeviceGetHandleByIndex_fn;
import genv.nvml.binding.nvmlDeviceGetMaxMigDeviceCount_fn;
import genv.nvml.binding.nvmlDeviceGetMemoryAffinity_fn;
import genv.nvml.binding.nvmlDeviceGetMemoryInfo_fn;
import genv.nvml.binding.nvmlDeviceGetMemoryInfo_v2_fn;
import genv.nvml.binding.nvmlDeviceGetMigDeviceHandleByIndex_fn;
import genv.nvml.binding.nvmlDeviceGetMigMode_fn;
import genv.nvml.binding.nvmlDeviceGetMinorNumber_fn;
import genv.nvml.binding.nvmlDeviceGetName_fn;
import genv.nvml.binding.nvmlDeviceGetNvLinkRemotePciInfo_fn;
import genv.nvml.binding.nvmlDeviceGetNvLinkState_fn;
import genv.nvml.binding.nvmlDeviceGetP2PStatus_fn;
import genv.nvml.binding.nvmlDeviceGetPciInfo_fn;
import genv.nvml.binding.nvmlDeviceGetPowerUsage_fn;
import genv.nvml.binding.nvmlDeviceGetRunningProcesses_fn;
import genv.nvml.binding.nvmlDeviceGetTemperatureV_fn;
import genv.nvml.binding.nvmlDeviceGetTemperature_fn;
import genv.nvml.binding.nvmlDeviceGetTopologyCommonAncestor_fn;
import genv.nvml.binding.nvmlDeviceGetUUID_fn;
import genv.nvml.binding.nvmlDeviceGetUtilizationRates_fn;
import genv.nvml.binding.nvmlErrorString_fn;
import genv.nvml.binding.nvmlInit_fn;
import genv.nvml.binding.nvmlMemory_t;
import genv.nvml.binding.nvmlMemory_v2_t;
import genv.nvml.binding.nvmlPciInfo_t;
import genv.nvml.binding.nvmlShutdown_fn;
import genv.nvml.binding.nvmlSystemGetNVMLVersion_fn;
import genv.nvml.binding.nvmlTemperature_v1_t;
import genv.nvml.binding.nvmlUtilization_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * NVML in plain Java: upcall stubs behind the same symbols and the same binding, on any machine.
 *
 * <p>It keeps NVML's rules: nothing works before initialisation and after shutdown, handles of an earlier initialisation
 * are refused, and initialisations are counted. An exception in a stub would end the JVM, so it becomes an odd code and
 * is thrown by {@link #close()}.
 */
final class FakeNvml implements AutoCloseable {
    /** What functions that a driver of 2018 had, under the names that it had. */
    static final Set<String> NAMES_OF_2018 = Set.of(
            "nvmlInit",
            "nvmlShutdown",
            "nvmlErrorString",
            "nvmlSystemGetNVMLVersion",
            "nvmlDeviceGetCount",
            "nvmlDeviceGetHandleByIndex",
            "nvmlDeviceGetPciInfo",
            "nvmlDeviceGetName",
            "nvmlDeviceGetUUID",
            "nvmlDeviceGetMinorNumber",
            "nvmlDeviceGetCudaComputeCapability",
            "nvmlDeviceGetMemoryInfo",
            "nvmlDeviceGetUtilizationRates",
            "nvmlDeviceGetTemperature",
            "nvmlDeviceGetPowerUsage",
            "nvmlDeviceGetComputeRunningProcesses",
            "nvmlDeviceGetGraphicsRunningProcesses",
            "nvmlDeviceGetTopologyCommonAncestor",
            "nvmlDeviceGetNvLinkState",
            "nvmlDeviceGetNvLinkRemotePciInfo");

    /** Symbols that were called, where versions are told apart. */
    final Set<String> called = ConcurrentHashMap.newKeySet();

    private static final int BAD_HANDLE = NvmlAbi.NVML_ERROR_INVALID_ARGUMENT();

    private final Arena arena = Arena.ofShared();
    private final Map<String, MemorySegment> symbols = new HashMap<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    final List<FakeDevice> gpus = new ArrayList<>();
    final AtomicInteger inits = new AtomicInteger();
    final AtomicInteger shutdowns = new AtomicInteger();
    final AtomicInteger calls = new AtomicInteger();

    /** Called in nvmlInit; its result is what nvmlInit returns. */
    volatile IntSupplier onInit = NvmlAbi::NVML_SUCCESS;

    /** Called at the beginning of each function but nvmlInit and nvmlShutdown. */
    volatile Runnable onCall = () -> {};

    /** Called at the beginning of each listing of compute processes. */
    volatile Runnable onListing = () -> {};

    /** Code of every function but init and shutdown, or 0. */
    volatile int codeOfAll;

    volatile int countCode;
    volatile int ancestorLevel = 50;
    volatile int p2pNvLinkStatus = 4;

    /** Bytes of one entry in a list of processes: 16, 24 or 32. */
    volatile int processEntry = 24;

    /** Whether the room behind the listed processes is cleared. */
    volatile boolean clearsRoom;

    /** Text length up to which the caller's buffer is called too small. */
    volatile int textLimit;

    /** A device whose handle is given as null, with success. */
    volatile @Nullable FakeDevice givesNullHandleFor;

    private int counted;
    private volatile int session;

    FakeNvml(FakeDevice... gpus) {
        this.gpus.addAll(List.of(gpus));
        for (String version : List.of("_v2", "")) {
            define("nvmlInit" + version, nvmlInit_fn.allocate(guarded(this::init), arena));
            String count = "nvmlDeviceGetCount" + version;
            define(
                    count,
                    nvmlDeviceGetCount_fn.allocate(
                            out -> {
                                called.add(count);
                                return count(out);
                            },
                            arena));
            define(
                    "nvmlDeviceGetHandleByIndex" + version,
                    nvmlDeviceGetHandleByIndex_fn.allocate(this::handleByIndex, arena));
            define(
                    "nvmlDeviceGetNvLinkRemotePciInfo" + version,
                    nvmlDeviceGetNvLinkRemotePciInfo_fn.allocate(this::remotePciInfo, arena));
        }
        define("nvmlShutdown", nvmlShutdown_fn.allocate(this::shutdown, arena));
        MemorySegment text = arena.allocateFrom("text of the fake");
        define("nvmlErrorString", nvmlErrorString_fn.allocate(code -> text, arena));
        define(
                "nvmlSystemGetNVMLVersion",
                nvmlSystemGetNVMLVersion_fn.allocate((out, length) -> text(out, length, "13.999.2"), arena));
        define("nvmlDeviceGetPciInfo_v3", pciInfo(true));
        define("nvmlDeviceGetPciInfo_v2", pciInfo(false));
        define("nvmlDeviceGetPciInfo", pciInfo(false));
        define(
                "nvmlDeviceGetName",
                nvmlDeviceGetName_fn.allocate(
                        (device, out, length) ->
                                on(device, "nvmlDeviceGetName", found -> text(out, length, found.name)),
                        arena));
        define(
                "nvmlDeviceGetUUID",
                nvmlDeviceGetUUID_fn.allocate(
                        (device, out, length) ->
                                on(device, "nvmlDeviceGetUUID", found -> text(out, length, found.uuid)),
                        arena));
        define(
                "nvmlDeviceGetMinorNumber",
                nvmlDeviceGetMinorNumber_fn.allocate(
                        (device, out) ->
                                on(device, "nvmlDeviceGetMinorNumber", found -> number(out, found.minorNumber)),
                        arena));
        define(
                "nvmlDeviceGetCudaComputeCapability",
                nvmlDeviceGetCudaComputeCapability_fn.allocate(
                        (device, major, minor) -> on(
                                device,
                                "nvmlDeviceGetCudaComputeCapability",
                                found -> number(major, 9) + number(minor, 0)),
                        arena));
        define("nvmlDeviceGetMemoryAffinity", nvmlDeviceGetMemoryAffinity_fn.allocate(this::affinity, arena));
        define(
                "nvmlDeviceGetMigMode",
                nvmlDeviceGetMigMode_fn.allocate(
                        (device, now, later) -> on(
                                device,
                                "nvmlDeviceGetMigMode",
                                found -> number(now, found.mig ? 1 : 0) + number(later, found.migPending ? 1 : 0)),
                        arena));
        define(
                "nvmlDeviceGetMaxMigDeviceCount",
                nvmlDeviceGetMaxMigDeviceCount_fn.allocate(
                        (device, out) ->
                                on(device, "nvmlDeviceGetMaxMigDeviceCount", found -> number(out, found.maxInstances)),
                        arena));
        define(
                "nvmlDeviceGetMigDeviceHandleByIndex",
                nvmlDeviceGetMigDeviceHandleByIndex_fn.allocate(this::instanceHandle, arena));
        define(
                "nvmlDeviceGetAttributes_v2",
                nvmlDeviceGetAttributes_fn.allocate(
                        (device, out) -> on(device, "nvmlDeviceGetAttributes", found -> {
                            nvmlDeviceAttributes_t.memorySizeMB(out, found.total >> 20);
                            return 0;
                        }),
                        arena));
        define("nvmlDeviceGetMemoryInfo", nvmlDeviceGetMemoryInfo_fn.allocate(this::memoryV1, arena));
        define("nvmlDeviceGetMemoryInfo_v2", nvmlDeviceGetMemoryInfo_v2_fn.allocate(this::memoryV2, arena));
        define(
                "nvmlDeviceGetUtilizationRates",
                nvmlDeviceGetUtilizationRates_fn.allocate(
                        (device, out) -> on(device, "nvmlDeviceGetUtilizationRates", found -> {
                            nvmlUtilization_t.gpu(out, found.gpuUtilization);
                            nvmlUtilization_t.memory(out, found.memoryUtilization);
                            return 0;
                        }),
                        arena));
        define("nvmlDeviceGetTemperatureV", nvmlDeviceGetTemperatureV_fn.allocate(this::temperatureV, arena));
        define(
                "nvmlDeviceGetTemperature",
                nvmlDeviceGetTemperature_fn.allocate(
                        (device, sensor, out) ->
                                on(device, "nvmlDeviceGetTemperature", found -> number(out, found.temperature)),
                        arena));
        define(
                "nvmlDeviceGetPowerUsage",
                nvmlDeviceGetPowerUsage_fn.allocate(
                        (device, out) -> on(device, "nvmlDeviceGetPowerUsage", found -> number(out, found.power)),
                        arena));
        defineProcesses("nvmlDeviceGetComputeRunningProcesses", device -> device.compute);
        defineProcesses("nvmlDeviceGetMPSComputeRunningProcesses", device -> device.mps);
        defineProcesses("nvmlDeviceGetGraphicsRunningProcesses", device -> device.graphics);
        define(
                "nvmlDeviceGetTopologyCommonAncestor",
                nvmlDeviceGetTopologyCommonAncestor_fn.allocate(
                        (one, other, out) ->
                                on(one, "nvmlDeviceGetTopologyCommonAncestor", found -> number(out, ancestorLevel)),
                        arena));
        define(
                "nvmlDeviceGetP2PStatus",
                nvmlDeviceGetP2PStatus_fn.allocate(
                        (one, other, capability, out) ->
                                on(one, "nvmlDeviceGetP2PStatus", found -> number(out, p2pNvLinkStatus)),
                        arena));
        define("nvmlDeviceGetNvLinkState", nvmlDeviceGetNvLinkState_fn.allocate(this::linkState, arena));
    }

    private void define(String symbol, MemorySegment stub) {
        symbols.put(symbol, stub);
    }

    private void defineProcesses(String function, Function<FakeDevice, List<FakeProcess>> list) {
        for (String version : List.of("_v3", "_v2", "")) {
            define(
                    function + version,
                    nvmlDeviceGetRunningProcesses_fn.allocate(
                            (device, room, infos) -> processes(device, function, list, room, infos), arena));
        }
    }

    /** Takes functions away, as an older driver lacks them. */
    FakeNvml without(String... names) {
        symbols.keySet().removeAll(Set.of(names));
        return this;
    }

    /** Leaves only these functions. */
    FakeNvml withOnly(Set<String> names) {
        symbols.keySet().retainAll(names);
        return this;
    }

    NvmlCalls calls() {
        return new NvmlCalls(name -> Optional.ofNullable(symbols.get(name)));
    }

    /** A process-wide register of sessions in which this is the only library. */
    SharedSessions sessions() {
        return new SharedSessions(library -> calls());
    }

    NvmlBackend backend() {
        return new NvmlBackend(sessions(), () -> "fake");
    }

    /** Loses the session, as a reload of the driver does. */
    synchronized void reload() {
        counted = 0;
        session++;
    }

    private nvmlInit_fn.Function guarded(IntSupplier body) {
        return () -> {
            try {
                return body.getAsInt();
            } catch (Throwable e) {
                return failed(e);
            }
        };
    }

    private int failed(Throwable e) {
        failure.compareAndSet(null, e);
        return 998;
    }

    private int init() {
        inits.incrementAndGet();
        int code = onInit.getAsInt();
        synchronized (this) {
            if (code == 0 && counted++ == 0) {
                session++;
            }
        }
        return code;
    }

    private synchronized int shutdown() {
        shutdowns.incrementAndGet();
        if (counted == 0) {
            return NvmlAbi.NVML_ERROR_UNINITIALIZED();
        }
        counted--;
        return 0;
    }

    private int state() {
        onCall.run();
        calls.incrementAndGet();
        return answer();
    }

    private synchronized int answer() {
        return counted == 0 ? NvmlAbi.NVML_ERROR_UNINITIALIZED() : codeOfAll;
    }

    private int count(MemorySegment out) {
        int state = state();
        if (state != 0 || countCode != 0) {
            return state != 0 ? state : countCode;
        }
        return number(out, gpus.size());
    }

    /** Handles name the session, the GPU and the instance, so that a stale one is recognised. */
    private long handle(int gpu, int instance) {
        return ((long) session << 32) | (gpu + 1L) << 16 | (instance + 1L);
    }

    private int handleByIndex(int index, MemorySegment out) {
        int state = state();
        if (state != 0) {
            return state;
        }
        if (index < 0 || index >= gpus.size()) {
            return BAD_HANDLE;
        }
        FakeDevice found = gpus.get(index);
        int code = code(found, "nvmlDeviceGetHandleByIndex");
        if (code == 0) {
            out.set(ValueLayout.JAVA_LONG, 0, found == givesNullHandleFor ? 0 : handle(index, -1));
        }
        return code;
    }

    private int instanceHandle(MemorySegment device, int index, MemorySegment out) {
        return on(device, "nvmlDeviceGetMigDeviceHandleByIndex", found -> {
            FakeDevice instance = found.instances.get(index);
            if (instance == null) {
                return NvmlAbi.NVML_ERROR_NOT_FOUND();
            }
            int code = code(instance, "nvmlDeviceGetHandleByIndex");
            if (code == 0) {
                out.set(ValueLayout.JAVA_LONG, 0, handle(gpus.indexOf(found), index));
            }
            return code;
        });
    }

    private static int code(FakeDevice device, String function) {
        return device.codes.getOrDefault(function, 0);
    }

    private int on(MemorySegment handle, String function, Function<FakeDevice, Integer> body) {
        try {
            int state = state();
            if (state != 0) {
                return state;
            }
            long value = handle.address();
            int gpu = (int) (value >> 16 & 0xFFFF) - 1;
            int instance = (int) (value & 0xFFFF) - 1;
            if (value >> 32 != session || gpu < 0 || gpu >= gpus.size()) {
                throw new AssertionError("handle is not of this session: handle=" + Long.toHexString(value)
                        + ", session=" + session + ", function=" + function);
            }
            FakeDevice found = gpus.get(gpu);
            if (instance >= 0) {
                FakeDevice part = found.instances.get(instance);
                if (part == null) {
                    return BAD_HANDLE;
                }
                found = part;
            }
            int code = code(found, found.codes.containsKey(function) ? function : "*");
            return code != 0 ? code : body.apply(found);
        } catch (Throwable e) {
            return failed(e);
        }
    }

    private static int number(MemorySegment out, int value) {
        out.set(ValueLayout.JAVA_INT, 0, value);
        return 0;
    }

    /** Writes as much of a text as fits, without a terminator where it fills the buffer. */
    private int text(MemorySegment out, int length, String text) {
        if (length <= textLimit) {
            return NvmlAbi.NVML_ERROR_INSUFFICIENT_SIZE();
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < length; i++) {
            out.set(ValueLayout.JAVA_BYTE, i, i < bytes.length ? bytes[i] : 0);
        }
        return 0;
    }

    private MemorySegment pciInfo(boolean withText) {
        return nvmlDeviceGetPciInfo_fn.allocate(
                (device, out) -> on(device, "nvmlDeviceGetPciInfo", found -> fillPci(found, out, withText)), arena);
    }

    private static int fillPci(FakeDevice found, MemorySegment out, boolean withText) {
        nvmlPciInfo_t.domain(out, found.domain);
        nvmlPciInfo_t.bus(out, found.bus);
        nvmlPciInfo_t.device(out, found.device);
        if (withText) {
            nvmlPciInfo_t.busId(out).setString(0, "%08X:%02X:%02X.0".formatted(found.domain, found.bus, found.device));
        } else {
            // Four reserved words ended the struct then; nobody said that they are zero.
            nvmlPciInfo_t.busId(out).asSlice(0, 16).fill((byte) 0xFF);
        }
        return 0;
    }

    private int affinity(MemorySegment device, int words, MemorySegment nodes, int scope) {
        return on(device, "nvmlDeviceGetMemoryAffinity", found -> {
            nodes.setAtIndex(ValueLayout.JAVA_LONG, found.numaWord, found.numaNodes);
            return 0;
        });
    }

    private int memoryV1(MemorySegment device, MemorySegment out) {
        return on(device, "nvmlDeviceGetMemoryInfo", found -> {
            nvmlMemory_t.total(out, found.total);
            nvmlMemory_t.free(out, found.total - found.used - found.reserved);
            nvmlMemory_t.used(out, found.used + found.reserved);
            return 0;
        });
    }

    private int memoryV2(MemorySegment device, MemorySegment out) {
        return on(device, "nvmlDeviceGetMemoryInfo", found -> {
            if (found.codes.containsKey("nvmlDeviceGetMemoryInfo_v2")) {
                return code(found, "nvmlDeviceGetMemoryInfo_v2");
            }
            if (nvmlMemory_v2_t.version(out) != (2 << 24 | 40)) {
                return NvmlAbi.NVML_ERROR_ARGUMENT_VERSION_MISMATCH();
            }
            nvmlMemory_v2_t.total(out, found.total);
            nvmlMemory_v2_t.reserved(out, found.reserved);
            nvmlMemory_v2_t.free(out, found.total - found.used - found.reserved);
            nvmlMemory_v2_t.used(out, found.used);
            return 0;
        });
    }

    private int temperatureV(MemorySegment device, MemorySegment out) {
        return on(device, "nvmlDeviceGetTemperature", found -> {
            if (found.codes.containsKey("nvmlDeviceGetTemperatureV")) {
                return code(found, "nvmlDeviceGetTemperatureV");
            }
            if (nvmlTemperature_v1_t.version(out) != (1 << 24 | 12)) {
                return NvmlAbi.NVML_ERROR_ARGUMENT_VERSION_MISMATCH();
            }
            nvmlTemperature_v1_t.temperature(out, found.temperature);
            return 0;
        });
    }

    private int processes(
            MemorySegment device,
            String function,
            Function<FakeDevice, List<FakeProcess>> list,
            MemorySegment room,
            MemorySegment infos) {
        return on(device, function, found -> {
            onListing.run();
            List<FakeProcess> processes = list.apply(found);
            int entries = room.get(ValueLayout.JAVA_INT, 0);
            number(room, processes.size());
            if (processes.size() > entries) {
                return NvmlAbi.NVML_ERROR_INSUFFICIENT_SIZE();
            }
            if (clearsRoom) {
                infos.asSlice(0, (long) entries * processEntry).fill((byte) 0);
            }
            for (int i = 0; i < processes.size(); i++) {
                MemorySegment info = infos.asSlice((long) i * processEntry, processEntry);
                info.set(ValueLayout.JAVA_LONG, 0, 0);
                info.set(ValueLayout.JAVA_INT, 0, processes.get(i).pid());
                info.set(ValueLayout.JAVA_LONG, 8, processes.get(i).memory());
                if (processEntry >= 24) {
                    info.set(ValueLayout.JAVA_LONG, 16, -1);
                }
                if (processEntry >= 32) {
                    info.set(ValueLayout.JAVA_LONG, 24, 0);
                }
            }
            return 0;
        });
    }

    private int linkState(MemorySegment device, int link, MemorySegment out) {
        return on(device, "nvmlDeviceGetNvLinkState", found -> {
            if (!found.links.containsKey(link)) {
                return NvmlAbi.NVML_ERROR_INVALID_ARGUMENT();
            }
            return number(out, found.links.get(link) == null ? 0 : 1);
        });
    }

    private int remotePciInfo(MemorySegment device, int link, MemorySegment out) {
        return on(device, "nvmlDeviceGetNvLinkRemotePciInfo", found -> {
            FakeDevice remote = found.links.get(link);
            return remote == null ? BAD_HANDLE : fillPci(remote, out, true);
        });
    }

    /** Lists the functions that this library has. */
    Set<String> functions() {
        return Stream.of(symbols.keySet()).flatMap(Set::stream).collect(Collectors.toSet());
    }

    /** Fails if a stub was called in a way that NVML forbids. */
    void verify() {
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError("the fake was used wrongly", thrown);
        }
    }

    @Override
    public void close() {
        verify();
        arena.close();
    }
}
