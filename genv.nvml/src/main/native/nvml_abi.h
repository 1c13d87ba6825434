/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the NVML ABI that genv.nvml calls.
 *
 * Names, numbers, types and field orders are those of NVIDIA's published NVML API (docs.nvidia.com/deploy/nvml-api);
 * everything else here is genv's own. Only what is used is declared.
 *
 * Functions are declared as pointer types, NAME_fn, and never as functions: NVML is not linked but opened at run time,
 * and each symbol is looked up on its own, so that an old driver lacks only what it lacks. Where several versions of a
 * function have the same prototype they share one type; the versions are listed at the type, newest first, in the
 * order in which NvmlCalls.java looks them up.
 *
 * jextract generates the package genv.nvml.binding from this file; docs/nvml.md says how. After a change here,
 * regenerate: a test compares the two.
 */
#ifndef GENV_NVML_ABI_H
#define GENV_NVML_ABI_H

/* What a call returned. 0 is success; codes that are not named here are told apart by number alone. */
typedef unsigned int nvmlReturn_t;

enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_ALREADY_INITIALIZED = 5,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_INSUFFICIENT_POWER = 8,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_IRQ_ISSUE = 11,
    NVML_ERROR_LIBRARY_NOT_FOUND = 12,
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,
    NVML_ERROR_CORRUPTED_INFOROM = 14,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_RESET_REQUIRED = 16,
    NVML_ERROR_OPERATING_SYSTEM = 17,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_IN_USE = 19,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_NO_DATA = 21,
    NVML_ERROR_INSUFFICIENT_RESOURCES = 23,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_DEPRECATED = 26,
    NVML_ERROR_NOT_READY = 27,
    NVML_ERROR_GPU_NOT_FOUND = 28,
    NVML_ERROR_INVALID_STATE = 29,
    NVML_ERROR_UNKNOWN = 999
};

/* A GPU or a MIG instance. Since API 13 a struct of one pointer, which is passed in the same way as the pointer. */
typedef void *nvmlDevice_t;

/* Buffer sizes that the API calls sufficient; a longer text is asked for again with a larger buffer. */
#define NVML_DEVICE_UUID_V2_BUFFER_SIZE 96
#define NVML_DEVICE_NAME_V2_BUFFER_SIZE 96
#define NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE 80
#define NVML_DEVICE_PCI_BUS_ID_BUFFER_SIZE 32
#define NVML_DEVICE_PCI_BUS_ID_BUFFER_V2_SIZE 16

/* The version word of a versioned struct: its size, and its version in the highest byte. */
#define NVML_STRUCT_VERSION(data, ver) (unsigned int)(sizeof(nvml##data##_v##ver##_t) | ((ver) << 24U))

/*
 * Where a device is on PCI. Before _v3 the struct ended after pciSubSystemId with four reserved words, so that busId
 * is only filled by _v3; the fields before it are the same in every version.
 */
typedef struct {
    char busIdLegacy[NVML_DEVICE_PCI_BUS_ID_BUFFER_V2_SIZE];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int pciDeviceId;
    unsigned int pciSubSystemId;
    char busId[NVML_DEVICE_PCI_BUS_ID_BUFFER_SIZE];
} nvmlPciInfo_t;

/* Bytes of device memory; used includes what driver and firmware reserve. */
typedef struct {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
} nvmlMemory_t;

/* Bytes of device memory; what driver and firmware reserve is counted on its own. version is nvmlMemory_v2. */
typedef struct {
    unsigned int version;
    unsigned long long total;
    unsigned long long reserved;
    unsigned long long free;
    unsigned long long used;
} nvmlMemory_v2_t;

#define nvmlMemory_v2 NVML_STRUCT_VERSION(Memory, 2)

/* Percent of the last sampling period in which a kernel ran, and in which device memory was read or written. */
typedef struct {
    unsigned int gpu;
    unsigned int memory;
} nvmlUtilization_t;

/* A temperature in degrees Celsius. version is nvmlTemperature_v1, sensorType is given by the caller. */
typedef struct {
    unsigned int version;
    unsigned int sensorType;
    int temperature;
} nvmlTemperature_v1_t;

#define nvmlTemperature_v1 NVML_STRUCT_VERSION(Temperature, 1)

enum { NVML_TEMPERATURE_GPU = 0 };

/* What a MIG instance is made of; memorySizeMB is in units of 2^20 bytes. */
typedef struct {
    unsigned int multiprocessorCount;
    unsigned int sharedCopyEngineCount;
    unsigned int sharedDecoderCount;
    unsigned int sharedEncoderCount;
    unsigned int sharedJpegCount;
    unsigned int sharedOfaCount;
    unsigned int gpuInstanceSliceCount;
    unsigned int computeInstanceSliceCount;
    unsigned long long memorySizeMB;
} nvmlDeviceAttributes_t;

/*
 * One process on a device, in the three sizes that drivers write. Which one a driver writes does not follow from the
 * function's version: _v3 wrote the 32-byte form in 535.43 to 535.86, and the 16-byte form has been seen from it.
 * usedGpuMemory is all ones where it is not known.
 */
typedef struct {
    unsigned int pid;
    unsigned long long usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct {
    unsigned int pid;
    unsigned long long usedGpuMemory;
    unsigned int gpuInstanceId;
    unsigned int computeInstanceId;
} nvmlProcessInfo_v2_t;

typedef struct {
    unsigned int pid;
    unsigned long long usedGpuMemory;
    unsigned int gpuInstanceId;
    unsigned int computeInstanceId;
    unsigned long long usedGpuCcProtectedMemory;
} nvmlProcessDetail_v1_t;

enum { NVML_DEVICE_MIG_DISABLE = 0, NVML_DEVICE_MIG_ENABLE = 1 };

enum { NVML_AFFINITY_SCOPE_NODE = 0 };

/* The farthest thing that the PCIe path between two devices goes through. Other numbers may be added in between. */
enum {
    NVML_TOPOLOGY_INTERNAL = 0,
    NVML_TOPOLOGY_SINGLE = 10,
    NVML_TOPOLOGY_MULTIPLE = 20,
    NVML_TOPOLOGY_HOSTBRIDGE = 30,
    NVML_TOPOLOGY_NODE = 40,
    NVML_TOPOLOGY_SYSTEM = 50
};

enum { NVML_P2P_CAPS_INDEX_NVLINK = 2 };

enum { NVML_P2P_STATUS_OK = 0 };

enum { NVML_FEATURE_DISABLED = 0, NVML_FEATURE_ENABLED = 1 };

#define NVML_NVLINK_MAX_LINKS 36

/* nvmlInit_v2, nvmlInit: counted, each success is undone by one nvmlShutdown. May take seconds. */
typedef nvmlReturn_t (*nvmlInit_fn)(void);

/* nvmlShutdown */
typedef nvmlReturn_t (*nvmlShutdown_fn)(void);

/* nvmlErrorString: a static text; usable before nvmlInit. */
typedef const char *(*nvmlErrorString_fn)(nvmlReturn_t result);

/* nvmlSystemGetNVMLVersion: usable before nvmlInit. */
typedef nvmlReturn_t (*nvmlSystemGetNVMLVersion_fn)(char *version, unsigned int length);

/* nvmlDeviceGetCount_v2, nvmlDeviceGetCount: the first also counts devices that this user may not use. */
typedef nvmlReturn_t (*nvmlDeviceGetCount_fn)(unsigned int *deviceCount);

/* nvmlDeviceGetHandleByIndex_v2, nvmlDeviceGetHandleByIndex: initialises the device. */
typedef nvmlReturn_t (*nvmlDeviceGetHandleByIndex_fn)(unsigned int index, nvmlDevice_t *device);

/* nvmlDeviceGetPciInfo_v3, nvmlDeviceGetPciInfo_v2, nvmlDeviceGetPciInfo */
typedef nvmlReturn_t (*nvmlDeviceGetPciInfo_fn)(nvmlDevice_t device, nvmlPciInfo_t *pci);

/* nvmlDeviceGetName */
typedef nvmlReturn_t (*nvmlDeviceGetName_fn)(nvmlDevice_t device, char *name, unsigned int length);

/* nvmlDeviceGetUUID */
typedef nvmlReturn_t (*nvmlDeviceGetUUID_fn)(nvmlDevice_t device, char *uuid, unsigned int length);

/* nvmlDeviceGetMinorNumber: N of /dev/nvidiaN. */
typedef nvmlReturn_t (*nvmlDeviceGetMinorNumber_fn)(nvmlDevice_t device, unsigned int *minorNumber);

/* nvmlDeviceGetCudaComputeCapability */
typedef nvmlReturn_t (*nvmlDeviceGetCudaComputeCapability_fn)(nvmlDevice_t device, int *major, int *minor);

/* nvmlDeviceGetMemoryAffinity: a bit for each NUMA node that is near, 64 a word. */
typedef nvmlReturn_t (*nvmlDeviceGetMemoryAffinity_fn)(
    nvmlDevice_t device, unsigned int nodeSetSize, unsigned long *nodeSet, unsigned int scope);

/* nvmlDeviceGetMigMode */
typedef nvmlReturn_t (*nvmlDeviceGetMigMode_fn)(
    nvmlDevice_t device, unsigned int *currentMode, unsigned int *pendingMode);

/* nvmlDeviceGetMaxMigDeviceCount */
typedef nvmlReturn_t (*nvmlDeviceGetMaxMigDeviceCount_fn)(nvmlDevice_t device, unsigned int *count);

/* nvmlDeviceGetMigDeviceHandleByIndex: NVML_ERROR_NOT_FOUND where there is no instance at this index. */
typedef nvmlReturn_t (*nvmlDeviceGetMigDeviceHandleByIndex_fn)(
    nvmlDevice_t device, unsigned int index, nvmlDevice_t *migDevice);

/* nvmlDeviceGetAttributes_v2: of MIG instances only. */
typedef nvmlReturn_t (*nvmlDeviceGetAttributes_fn)(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes);

/* nvmlDeviceGetMemoryInfo */
typedef nvmlReturn_t (*nvmlDeviceGetMemoryInfo_fn)(nvmlDevice_t device, nvmlMemory_t *memory);

/* nvmlDeviceGetMemoryInfo_v2 */
typedef nvmlReturn_t (*nvmlDeviceGetMemoryInfo_v2_fn)(nvmlDevice_t device, nvmlMemory_v2_t *memory);

/* nvmlDeviceGetUtilizationRates */
typedef nvmlReturn_t (*nvmlDeviceGetUtilizationRates_fn)(nvmlDevice_t device, nvmlUtilization_t *utilization);

/* nvmlDeviceGetTemperatureV */
typedef nvmlReturn_t (*nvmlDeviceGetTemperatureV_fn)(nvmlDevice_t device, nvmlTemperature_v1_t *temperature);

/* nvmlDeviceGetTemperature: deprecated since API 13 in favour of nvmlDeviceGetTemperatureV. */
typedef nvmlReturn_t (*nvmlDeviceGetTemperature_fn)(nvmlDevice_t device, unsigned int sensorType, unsigned int *temp);

/* nvmlDeviceGetPowerUsage: milliwatts. */
typedef nvmlReturn_t (*nvmlDeviceGetPowerUsage_fn)(nvmlDevice_t device, unsigned int *power);

/*
 * nvmlDeviceGetComputeRunningProcesses_v3, _v2, and without a version; nvmlDeviceGetMPSComputeRunningProcesses and
 * nvmlDeviceGetGraphicsRunningProcesses likewise. *infoCount is the room in, the number of processes out;
 * NVML_ERROR_INSUFFICIENT_SIZE where the room does not suffice. infos is one of the three forms above.
 */
typedef nvmlReturn_t (*nvmlDeviceGetRunningProcesses_fn)(nvmlDevice_t device, unsigned int *infoCount, void *infos);

/* nvmlDeviceGetTopologyCommonAncestor */
typedef nvmlReturn_t (*nvmlDeviceGetTopologyCommonAncestor_fn)(
    nvmlDevice_t device1, nvmlDevice_t device2, unsigned int *pathInfo);

/* nvmlDeviceGetP2PStatus */
typedef nvmlReturn_t (*nvmlDeviceGetP2PStatus_fn)(
    nvmlDevice_t device1, nvmlDevice_t device2, unsigned int p2pIndex, unsigned int *p2pStatus);

/* nvmlDeviceGetNvLinkState */
typedef nvmlReturn_t (*nvmlDeviceGetNvLinkState_fn)(nvmlDevice_t device, unsigned int link, unsigned int *isActive);

/* nvmlDeviceGetNvLinkRemotePciInfo_v2, nvmlDeviceGetNvLinkRemotePciInfo */
typedef nvmlReturn_t (*nvmlDeviceGetNvLinkRemotePciInfo_fn)(
    nvmlDevice_t device, unsigned int link, nvmlPciInfo_t *pci);

#endif
