// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.binding.NvmlAbi;
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
import genv.nvml.binding.nvmlShutdown_fn;
import genv.nvml.binding.nvmlSystemGetNVMLVersion_fn;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;

/**
 * NVML's functions, each looked up on its own in one library.
 *
 * <p>A function that the library lacks answers {@code NVML_ERROR_FUNCTION_NOT_FOUND}, as NVML itself does for a function
 * that its driver lacks, so that one missing symbol costs one feature. Where a function has versions of the same form,
 * the newest that is there is called.
 *
 * <p>Every method makes one downcall and returns NVML's code; {@link NvmlCode} interprets it. Thread-safe, as NVML is.
 */
final class NvmlCalls {
    private final MemorySegment init;
    private final MemorySegment shutdown;
    private final MemorySegment errorString;
    private final MemorySegment nvmlVersion;
    private final MemorySegment count;
    private final MemorySegment handleByIndex;
    private final MemorySegment pciInfo;
    private final MemorySegment name;
    private final MemorySegment uuid;
    private final MemorySegment minorNumber;
    private final MemorySegment computeCapability;
    private final MemorySegment memoryAffinity;
    private final MemorySegment migMode;
    private final MemorySegment maxMigDeviceCount;
    private final MemorySegment migDeviceHandleByIndex;
    private final MemorySegment attributes;
    private final MemorySegment memoryInfoV1;
    private final MemorySegment memoryInfoV2;
    private final MemorySegment utilizationRates;
    private final MemorySegment temperature;
    private final MemorySegment temperatureV;
    private final MemorySegment powerUsage;
    private final MemorySegment computeProcesses;
    private final MemorySegment mpsProcesses;
    private final MemorySegment graphicsProcesses;
    private final MemorySegment commonAncestor;
    private final MemorySegment p2pStatus;
    private final MemorySegment nvLinkState;
    private final MemorySegment nvLinkRemotePciInfo;

    NvmlCalls(SymbolLookup library) {
        init = newest(library, "nvmlInit_v2", "nvmlInit");
        shutdown = newest(library, "nvmlShutdown");
        errorString = newest(library, "nvmlErrorString");
        nvmlVersion = newest(library, "nvmlSystemGetNVMLVersion");
        count = newest(library, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount");
        handleByIndex = newest(library, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex");
        pciInfo = newest(library, "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo");
        name = newest(library, "nvmlDeviceGetName");
        uuid = newest(library, "nvmlDeviceGetUUID");
        minorNumber = newest(library, "nvmlDeviceGetMinorNumber");
        computeCapability = newest(library, "nvmlDeviceGetCudaComputeCapability");
        memoryAffinity = newest(library, "nvmlDeviceGetMemoryAffinity");
        migMode = newest(library, "nvmlDeviceGetMigMode");
        maxMigDeviceCount = newest(library, "nvmlDeviceGetMaxMigDeviceCount");
        migDeviceHandleByIndex = newest(library, "nvmlDeviceGetMigDeviceHandleByIndex");
        attributes = newest(library, "nvmlDeviceGetAttributes_v2");
        memoryInfoV1 = newest(library, "nvmlDeviceGetMemoryInfo");
        memoryInfoV2 = newest(library, "nvmlDeviceGetMemoryInfo_v2");
        utilizationRates = newest(library, "nvmlDeviceGetUtilizationRates");
        temperature = newest(library, "nvmlDeviceGetTemperature");
        temperatureV = newest(library, "nvmlDeviceGetTemperatureV");
        powerUsage = newest(library, "nvmlDeviceGetPowerUsage");
        computeProcesses = processes(library, "nvmlDeviceGetComputeRunningProcesses");
        mpsProcesses = processes(library, "nvmlDeviceGetMPSComputeRunningProcesses");
        graphicsProcesses = processes(library, "nvmlDeviceGetGraphicsRunningProcesses");
        commonAncestor = newest(library, "nvmlDeviceGetTopologyCommonAncestor");
        p2pStatus = newest(library, "nvmlDeviceGetP2PStatus");
        nvLinkState = newest(library, "nvmlDeviceGetNvLinkState");
        nvLinkRemotePciInfo =
                newest(library, "nvmlDeviceGetNvLinkRemotePciInfo_v2", "nvmlDeviceGetNvLinkRemotePciInfo");
    }

    private static MemorySegment processes(SymbolLookup library, String function) {
        return newest(library, function + "_v3", function + "_v2", function);
    }

    private static MemorySegment newest(SymbolLookup library, String... names) {
        for (String symbol : names) {
            MemorySegment address = library.find(symbol).orElse(MemorySegment.NULL);
            if (isThere(address)) {
                return address;
            }
        }
        return MemorySegment.NULL;
    }

    private static boolean isThere(MemorySegment function) {
        return function.address() != 0;
    }

    private static int missing() {
        return NvmlAbi.NVML_ERROR_FUNCTION_NOT_FOUND();
    }

    /** Tells whether the library has the three functions without which there is nothing to be done. */
    boolean isNvml() {
        return isThere(init) && isThere(count) && isThere(handleByIndex);
    }

    int init() {
        return isThere(init) ? nvmlInit_fn.invoke(init) : missing();
    }

    int shutdown() {
        return isThere(shutdown) ? nvmlShutdown_fn.invoke(shutdown) : missing();
    }

    /** NVML's text for a code: a static C string, or {@link MemorySegment#NULL}. */
    MemorySegment errorString(int code) {
        return isThere(errorString) ? nvmlErrorString_fn.invoke(errorString, code) : MemorySegment.NULL;
    }

    int nvmlVersion(MemorySegment text, int length) {
        return isThere(nvmlVersion) ? nvmlSystemGetNVMLVersion_fn.invoke(nvmlVersion, text, length) : missing();
    }

    int count(MemorySegment out) {
        return isThere(count) ? nvmlDeviceGetCount_fn.invoke(count, out) : missing();
    }

    int handleByIndex(int index, MemorySegment out) {
        return isThere(handleByIndex) ? nvmlDeviceGetHandleByIndex_fn.invoke(handleByIndex, index, out) : missing();
    }

    int pciInfo(MemorySegment device, MemorySegment out) {
        return isThere(pciInfo) ? nvmlDeviceGetPciInfo_fn.invoke(pciInfo, device, out) : missing();
    }

    int name(MemorySegment device, MemorySegment text, int length) {
        return isThere(name) ? nvmlDeviceGetName_fn.invoke(name, device, text, length) : missing();
    }

    int uuid(MemorySegment device, MemorySegment text, int length) {
        return isThere(uuid) ? nvmlDeviceGetUUID_fn.invoke(uuid, device, text, length) : missing();
    }

    int minorNumber(MemorySegment device, MemorySegment out) {
        return isThere(minorNumber) ? nvmlDeviceGetMinorNumber_fn.invoke(minorNumber, device, out) : missing();
    }

    int computeCapability(MemorySegment device, MemorySegment major, MemorySegment minor) {
        return isThere(computeCapability)
                ? nvmlDeviceGetCudaComputeCapability_fn.invoke(computeCapability, device, major, minor)
                : missing();
    }

    int memoryAffinity(MemorySegment device, int words, MemorySegment nodes, int scope) {
        return isThere(memoryAffinity)
                ? nvmlDeviceGetMemoryAffinity_fn.invoke(memoryAffinity, device, words, nodes, scope)
                : missing();
    }

    int migMode(MemorySegment device, MemorySegment current, MemorySegment pending) {
        return isThere(migMode) ? nvmlDeviceGetMigMode_fn.invoke(migMode, device, current, pending) : missing();
    }

    int maxMigDeviceCount(MemorySegment device, MemorySegment out) {
        return isThere(maxMigDeviceCount)
                ? nvmlDeviceGetMaxMigDeviceCount_fn.invoke(maxMigDeviceCount, device, out)
                : missing();
    }

    int migDeviceHandleByIndex(MemorySegment device, int index, MemorySegment out) {
        return isThere(migDeviceHandleByIndex)
                ? nvmlDeviceGetMigDeviceHandleByIndex_fn.invoke(migDeviceHandleByIndex, device, index, out)
                : missing();
    }

    int attributes(MemorySegment device, MemorySegment out) {
        return isThere(attributes) ? nvmlDeviceGetAttributes_fn.invoke(attributes, device, out) : missing();
    }

    int memoryInfoV1(MemorySegment device, MemorySegment out) {
        return isThere(memoryInfoV1) ? nvmlDeviceGetMemoryInfo_fn.invoke(memoryInfoV1, device, out) : missing();
    }

    int memoryInfoV2(MemorySegment device, MemorySegment out) {
        return isThere(memoryInfoV2) ? nvmlDeviceGetMemoryInfo_v2_fn.invoke(memoryInfoV2, device, out) : missing();
    }

    int utilizationRates(MemorySegment device, MemorySegment out) {
        return isThere(utilizationRates)
                ? nvmlDeviceGetUtilizationRates_fn.invoke(utilizationRates, device, out)
                : missing();
    }

    int temperature(MemorySegment device, int sensor, MemorySegment out) {
        return isThere(temperature) ? nvmlDeviceGetTemperature_fn.invoke(temperature, device, sensor, out) : missing();
    }

    int temperatureV(MemorySegment device, MemorySegment out) {
        return isThere(temperatureV) ? nvmlDeviceGetTemperatureV_fn.invoke(temperatureV, device, out) : missing();
    }

    int powerUsage(MemorySegment device, MemorySegment out) {
        return isThere(powerUsage) ? nvmlDeviceGetPowerUsage_fn.invoke(powerUsage, device, out) : missing();
    }

    int computeProcesses(MemorySegment device, MemorySegment room, MemorySegment infos) {
        return runningProcesses(computeProcesses, device, room, infos);
    }

    int mpsProcesses(MemorySegment device, MemorySegment room, MemorySegment infos) {
        return runningProcesses(mpsProcesses, device, room, infos);
    }

    int graphicsProcesses(MemorySegment device, MemorySegment room, MemorySegment infos) {
        return runningProcesses(graphicsProcesses, device, room, infos);
    }

    private static int runningProcesses(
            MemorySegment function, MemorySegment device, MemorySegment room, MemorySegment infos) {
        return isThere(function) ? nvmlDeviceGetRunningProcesses_fn.invoke(function, device, room, infos) : missing();
    }

    int commonAncestor(MemorySegment first, MemorySegment second, MemorySegment out) {
        return isThere(commonAncestor)
                ? nvmlDeviceGetTopologyCommonAncestor_fn.invoke(commonAncestor, first, second, out)
                : missing();
    }

    int p2pStatus(MemorySegment first, MemorySegment second, int capability, MemorySegment out) {
        return isThere(p2pStatus)
                ? nvmlDeviceGetP2PStatus_fn.invoke(p2pStatus, first, second, capability, out)
                : missing();
    }

    int nvLinkState(MemorySegment device, int link, MemorySegment out) {
        return isThere(nvLinkState) ? nvmlDeviceGetNvLinkState_fn.invoke(nvLinkState, device, link, out) : missing();
    }

    int nvLinkRemotePciInfo(MemorySegment device, int link, MemorySegment out) {
        return isThere(nvLinkRemotePciInfo)
                ? nvmlDeviceGetNvLinkRemotePciInfo_fn.invoke(nvLinkRemotePciInfo, device, link, out)
                : missing();
    }
}
