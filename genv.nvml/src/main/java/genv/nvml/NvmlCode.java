// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.binding.NvmlAbi;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * What NVML's return codes mean here.
 *
 * <p>A code is one of four things: the value was delivered; the value is not to be had (not supported by the part, not
 * permitted, not known to this driver …), which makes it absent and nothing else; the device is lost; the session with
 * the driver is lost. Codes that are not known are of the second kind, so that a newer driver does no harm.
 */
final class NvmlCode {
    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(NvmlAbi.NVML_SUCCESS(), "NVML_SUCCESS"),
            Map.entry(NvmlAbi.NVML_ERROR_UNINITIALIZED(), "NVML_ERROR_UNINITIALIZED"),
            Map.entry(NvmlAbi.NVML_ERROR_INVALID_ARGUMENT(), "NVML_ERROR_INVALID_ARGUMENT"),
            Map.entry(NvmlAbi.NVML_ERROR_NOT_SUPPORTED(), "NVML_ERROR_NOT_SUPPORTED"),
            Map.entry(NvmlAbi.NVML_ERROR_NO_PERMISSION(), "NVML_ERROR_NO_PERMISSION"),
            Map.entry(NvmlAbi.NVML_ERROR_ALREADY_INITIALIZED(), "NVML_ERROR_ALREADY_INITIALIZED"),
            Map.entry(NvmlAbi.NVML_ERROR_NOT_FOUND(), "NVML_ERROR_NOT_FOUND"),
            Map.entry(NvmlAbi.NVML_ERROR_INSUFFICIENT_SIZE(), "NVML_ERROR_INSUFFICIENT_SIZE"),
            Map.entry(NvmlAbi.NVML_ERROR_INSUFFICIENT_POWER(), "NVML_ERROR_INSUFFICIENT_POWER"),
            Map.entry(NvmlAbi.NVML_ERROR_DRIVER_NOT_LOADED(), "NVML_ERROR_DRIVER_NOT_LOADED"),
            Map.entry(NvmlAbi.NVML_ERROR_TIMEOUT(), "NVML_ERROR_TIMEOUT"),
            Map.entry(NvmlAbi.NVML_ERROR_IRQ_ISSUE(), "NVML_ERROR_IRQ_ISSUE"),
            Map.entry(NvmlAbi.NVML_ERROR_LIBRARY_NOT_FOUND(), "NVML_ERROR_LIBRARY_NOT_FOUND"),
            Map.entry(NvmlAbi.NVML_ERROR_FUNCTION_NOT_FOUND(), "NVML_ERROR_FUNCTION_NOT_FOUND"),
            Map.entry(NvmlAbi.NVML_ERROR_CORRUPTED_INFOROM(), "NVML_ERROR_CORRUPTED_INFOROM"),
            Map.entry(NvmlAbi.NVML_ERROR_GPU_IS_LOST(), "NVML_ERROR_GPU_IS_LOST"),
            Map.entry(NvmlAbi.NVML_ERROR_RESET_REQUIRED(), "NVML_ERROR_RESET_REQUIRED"),
            Map.entry(NvmlAbi.NVML_ERROR_OPERATING_SYSTEM(), "NVML_ERROR_OPERATING_SYSTEM"),
            Map.entry(NvmlAbi.NVML_ERROR_LIB_RM_VERSION_MISMATCH(), "NVML_ERROR_LIB_RM_VERSION_MISMATCH"),
            Map.entry(NvmlAbi.NVML_ERROR_IN_USE(), "NVML_ERROR_IN_USE"),
            Map.entry(NvmlAbi.NVML_ERROR_MEMORY(), "NVML_ERROR_MEMORY"),
            Map.entry(NvmlAbi.NVML_ERROR_NO_DATA(), "NVML_ERROR_NO_DATA"),
            Map.entry(NvmlAbi.NVML_ERROR_INSUFFICIENT_RESOURCES(), "NVML_ERROR_INSUFFICIENT_RESOURCES"),
            Map.entry(NvmlAbi.NVML_ERROR_ARGUMENT_VERSION_MISMATCH(), "NVML_ERROR_ARGUMENT_VERSION_MISMATCH"),
            Map.entry(NvmlAbi.NVML_ERROR_DEPRECATED(), "NVML_ERROR_DEPRECATED"),
            Map.entry(NvmlAbi.NVML_ERROR_NOT_READY(), "NVML_ERROR_NOT_READY"),
            Map.entry(NvmlAbi.NVML_ERROR_GPU_NOT_FOUND(), "NVML_ERROR_GPU_NOT_FOUND"),
            Map.entry(NvmlAbi.NVML_ERROR_INVALID_STATE(), "NVML_ERROR_INVALID_STATE"),
            Map.entry(NvmlAbi.NVML_ERROR_UNKNOWN(), "NVML_ERROR_UNKNOWN"));

    private NvmlCode() {}

    /**
     * Tells whether a value was delivered.
     *
     * @throws SessionLostException if the session is lost
     * @throws DeviceLostException if the device is lost
     */
    static boolean delivered(int code) {
        if (code == NvmlAbi.NVML_SUCCESS()) {
            return true;
        }
        if (isSessionLost(code)) {
            throw new SessionLostException(code);
        }
        if (isDeviceLost(code)) {
            throw new DeviceLostException(code);
        }
        return false;
    }

    /**
     * As {@link #delivered}, for a question about no device in particular: whatever the code, none is lost by it.
     *
     * @throws SessionLostException if the session is lost
     */
    static boolean deliveredByLibrary(int code) {
        if (isSessionLost(code)) {
            throw new SessionLostException(code);
        }
        return isSuccess(code);
    }

    static boolean isSuccess(int code) {
        return code == NvmlAbi.NVML_SUCCESS();
    }

    static boolean isSessionLost(int code) {
        return code == NvmlAbi.NVML_ERROR_UNINITIALIZED()
                || code == NvmlAbi.NVML_ERROR_DRIVER_NOT_LOADED()
                || code == NvmlAbi.NVML_ERROR_LIB_RM_VERSION_MISMATCH();
    }

    static boolean isDeviceLost(int code) {
        return code == NvmlAbi.NVML_ERROR_GPU_IS_LOST()
                || code == NvmlAbi.NVML_ERROR_RESET_REQUIRED()
                || code == NvmlAbi.NVML_ERROR_GPU_NOT_FOUND()
                || code == NvmlAbi.NVML_ERROR_INSUFFICIENT_POWER()
                || code == NvmlAbi.NVML_ERROR_IRQ_ISSUE();
    }

    /** Tells, of a failure to initialise, whether there is no driver or no device rather than one that does not work. */
    static boolean isNothingHere(int code) {
        return code == NvmlAbi.NVML_ERROR_DRIVER_NOT_LOADED() || code == NvmlAbi.NVML_ERROR_GPU_NOT_FOUND();
    }

    /** Tells whether the device may not be used by this user, or in this container. */
    static boolean isForbidden(int code) {
        return code == NvmlAbi.NVML_ERROR_NO_PERMISSION() || code == NvmlAbi.NVML_ERROR_OPERATING_SYSTEM();
    }

    /** Returns {@code code=15 (NVML_ERROR_GPU_IS_LOST)}; for a code that is not known here, NVML's own text. */
    static String describe(NvmlCalls nvml, int code) {
        String name = NAMES.get(code);
        if (name == null) {
            MemorySegment text = nvml.errorString(code);
            name = text.address() == 0 ? "unknown" : NativeText.ofStatic(text);
        }
        return "code=" + Integer.toUnsignedString(code) + " (" + name + ")";
    }

    /** Returns why a device cannot be used and what to do, for a message. */
    static String deviceReason(NvmlCalls nvml, int code) {
        String described = describe(nvml, code);
        if (isForbidden(code)) {
            return "not permitted: " + described
                    + "; let this user, and its container or cgroup, open the device's node under /dev";
        }
        if (code == NvmlAbi.NVML_ERROR_INSUFFICIENT_POWER()) {
            return "not powered: " + described + "; check the external power cables";
        }
        return "lost: " + described
                + "; look for Xid messages in the kernel log, then reset the device with nvidia-smi --gpu-reset or"
                + " reboot";
    }
}
