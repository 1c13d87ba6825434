/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small NVML for tests, built and loaded as a real library. FAKE_NVML_DEVICES is the number of devices (default 2),
 * FAKE_NVML_INIT what nvmlInit_v2 returns. Where FAKE_NVML_TRACE is set it writes one line to standard error for each
 * nvmlInit_v2 and nvmlShutdown. It lacks most functions on purpose.
 *
 * FAKE_NVML_CONTROL is a directory by which a running process is given faults: while it has a file code.N with a number,
 * everything about device N answers that code; a file reload ends the session, once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nvml_abi.h"

/* What is defined here has the types that the header declares, or this does not compile. */
#define CHECKED(name) extern __typeof__(*(name##_fn)0) name;
#define CHECKED_AS(name, type) extern __typeof__(*(type##_fn)0) name;

CHECKED_AS(nvmlInit_v2, nvmlInit)
CHECKED(nvmlShutdown)
CHECKED(nvmlErrorString)
CHECKED(nvmlSystemGetNVMLVersion)
CHECKED_AS(nvmlDeviceGetCount_v2, nvmlDeviceGetCount)
CHECKED_AS(nvmlDeviceGetHandleByIndex_v2, nvmlDeviceGetHandleByIndex)
CHECKED_AS(nvmlDeviceGetPciInfo_v3, nvmlDeviceGetPciInfo)
CHECKED(nvmlDeviceGetName)
CHECKED(nvmlDeviceGetUUID)
CHECKED(nvmlDeviceGetMemoryInfo_v2)
CHECKED(nvmlDeviceGetTemperatureV)
CHECKED_AS(nvmlDeviceGetComputeRunningProcesses_v3, nvmlDeviceGetRunningProcesses)

#define MAX_DEVICES 64

static char devices[MAX_DEVICES];
static int initialised;

static unsigned int number_of(const char *variable, unsigned int otherwise) {
    const char *value = getenv(variable);
    return value == NULL ? otherwise : (unsigned int)strtoul(value, NULL, 10);
}

static unsigned int count(void) {
    unsigned int wanted = number_of("FAKE_NVML_DEVICES", 2);
    return wanted > MAX_DEVICES ? MAX_DEVICES : wanted;
}

static void trace(const char *function) {
    if (getenv("FAKE_NVML_TRACE") != NULL) {
        fprintf(stderr, "fake nvml: %s\n", function);
    }
}

static unsigned int index_of(nvmlDevice_t device) {
    return (unsigned int)((char *)device - devices);
}

static int has_control(const char *name, char *path, size_t size) {
    const char *directory = getenv("FAKE_NVML_CONTROL");

    return directory != NULL && snprintf(path, size, "%s/%s", directory, name) < (int)size;
}

/* What every function but nvmlInit_v2 and nvmlShutdown answers first. */
static nvmlReturn_t session(void) {
    char path[4096];

    if (has_control("reload", path, sizeof path) && remove(path) == 0) {
        initialised = 0;
    }
    return initialised ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

static nvmlReturn_t state(unsigned int index) {
    nvmlReturn_t code = session();
    char name[32];
    char path[4096];
    FILE *file;

    snprintf(name, sizeof name, "code.%u", index);
    if (code == NVML_SUCCESS && has_control(name, path, sizeof path) && (file = fopen(path, "r")) != NULL) {
        if (fscanf(file, "%u", &code) != 1) {
            code = NVML_ERROR_UNKNOWN;
        }
        fclose(file);
    }
    return code;
}

#define ANSWER_FOR(index)                       \
    do {                                        \
        nvmlReturn_t answer = state(index);     \
        if (answer != NVML_SUCCESS) {           \
            return answer;                      \
        }                                       \
    } while (0)

nvmlReturn_t nvmlInit_v2(void) {
    nvmlReturn_t code = number_of("FAKE_NVML_INIT", NVML_SUCCESS);
    trace("init");
    initialised += code == NVML_SUCCESS;
    return code;
}

nvmlReturn_t nvmlShutdown(void) {
    trace("shutdown");
    if (initialised == 0) {
        return NVML_ERROR_UNINITIALIZED;
    }
    initialised--;
    return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result) {
    return result == 4711 ? "a text of the library" : "another text";
}

nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
    snprintf(version, length, "13.0.1");
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *deviceCount) {
    *deviceCount = count();
    return session();
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    if (index >= count()) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    ANSWER_FOR(index);
    *device = &devices[index];
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci) {
    ANSWER_FOR(index_of(device));
    memset(pci, 0, sizeof *pci);
    pci->domain = 7;
    pci->bus = 0x20 + index_of(device);
    pci->device = 3;
    snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:%02X.0", pci->domain, pci->bus, pci->device);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
    ANSWER_FOR(index_of(device));
    snprintf(name, length, "NVIDIA C");
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
    ANSWER_FOR(index_of(device));
    snprintf(uuid, length, "GPU-c-%u", index_of(device));
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    ANSWER_FOR(index_of(device));
    if (memory->version != nvmlMemory_v2) {
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    }
    memory->total = 16ULL << 30;
    memory->reserved = 1ULL << 30;
    memory->used = index_of(device);
    memory->free = memory->total - memory->reserved - memory->used;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *temperature) {
    ANSWER_FOR(index_of(device));
    if (temperature->version != nvmlTemperature_v1 || temperature->sensorType != NVML_TEMPERATURE_GPU) {
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    }
    temperature->temperature = 40 + (int)index_of(device);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *infoCount, void *infos) {
    nvmlProcessInfo_v2_t *list = infos;
    unsigned int room = *infoCount;
    unsigned int i;

    ANSWER_FOR(index_of(device));
    *infoCount = 40;
    if (room < 40) {
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    for (i = 0; i < 40; i++) {
        list[i].pid = 1000 + i;
        list[i].usedGpuMemory = i + index_of(device);
        list[i].gpuInstanceId = 0xFFFFFFFF;
        list[i].computeInstanceId = 0xFFFFFFFF;
    }
    return NVML_SUCCESS;
}
