// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.binding.NvmlAbi;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Says why NVML could not be initialised, and what to do. */
final class InitFailure {
    /** Where the kernel says which version of the driver's module is loaded. */
    private static final Path KERNEL_MODULE_VERSION = Path.of("/sys/module/nvidia/version");

    private InitFailure() {}

    static String reason(NvmlCalls nvml, String library, int code) {
        return reason(nvml, library, code, KERNEL_MODULE_VERSION);
    }

    static String reason(NvmlCalls nvml, String library, int code, Path moduleVersion) {
        String values = "library=" + library + ", " + NvmlCode.describe(nvml, code);
        if (code == NvmlAbi.NVML_ERROR_LIB_RM_VERSION_MISMATCH()) {
            return "the nvidia driver and the nvml library have different versions: " + values + ", library version="
                    + libraryVersion(nvml) + ", loaded kernel module=" + firstLine(moduleVersion)
                    + "; the driver was updated while it was loaded: reboot, or unload and load its kernel modules";
        }
        if (code == NvmlAbi.NVML_ERROR_DRIVER_NOT_LOADED()) {
            return "the nvidia driver is not loaded: " + values
                    + "; load it with modprobe nvidia, and in a container pass the devices in";
        }
        if (code == NvmlAbi.NVML_ERROR_GPU_NOT_FOUND()) {
            return noDevice(library);
        }
        if (NvmlCode.isForbidden(code)) {
            return "nvml may not talk to the nvidia driver: " + values
                    + "; let this user, and its container or cgroup, open /dev/nvidiactl";
        }
        return "nvml could not be initialised: " + values
                + "; see whether nvidia-smi works, and in a container whether it still may open /dev/nvidiactl";
    }

    static String noDevice(String library) {
        return "no nvidia device is on this host: library=" + library;
    }

    private static String libraryVersion(NvmlCalls nvml) {
        try {
            return NativeText.ask(nvml::nvmlVersion, NvmlAbi.NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE())
                    .orElse("unknown");
        } catch (SessionLostException | DeviceLostException e) {
            return "unknown";
        }
    }

    private static String firstLine(Path file) {
        try {
            return Files.readString(file).strip().lines().findFirst().orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }
}
