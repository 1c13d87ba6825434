// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlMemory_v2_t;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;

/**
 * The backend's memory query, and the least that the same query costs in Java; in this package to reach the former, which
 * is not public.
 */
@NullMarked
public final class MemoryQuery {
    private static final FunctionDescriptor SIGNATURE =
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    private static final SymbolLookup LIBRARY =
            SymbolLookup.libraryLookup(Path.of(System.getProperty("genv.benchmarks.nvml", "")), Arena.global());
    private static final MethodHandle QUERY =
            Linker.nativeLinker().downcallHandle(LIBRARY.findOrThrow("nvmlDeviceGetMemoryInfo_v2"), SIGNATURE);

    private final NvmlCalls nvml = new NvmlCalls(LIBRARY);
    private final MemorySegment memory = Arena.global().allocate(nvmlMemory_v2_t.layout());
    private final MemorySegment device;

    /** Opens the library that the system property {@code genv.benchmarks.nvml} names, and its first device. */
    public MemoryQuery() {
        MemorySegment handle = Arena.global().allocate(ValueLayout.ADDRESS);
        require(nvml.init());
        require(nvml.handleByIndex(0, handle));
        device = handle.get(ValueLayout.ADDRESS, 0);
    }

    private static void require(int code) {
        if (code != NvmlAbi.NVML_SUCCESS()) {
            throw new IllegalStateException("the library for the benchmark failed: code=" + code);
        }
    }

    /** {@return the free bytes, by a method handle that is bound to the function's address} */
    public long bare() throws Throwable {
        nvmlMemory_v2_t.version(memory, NvmlAbi.nvmlMemory_v2());
        int code = (int) QUERY.invokeExact(device, memory);
        return code == 0 ? nvmlMemory_v2_t.free(memory) : -1;
    }

    /** {@return the free bytes, by the backend's binding} */
    public long binding() {
        nvmlMemory_v2_t.version(memory, NvmlAbi.nvmlMemory_v2());
        int code = nvml.memoryInfoV2(device, memory);
        return code == 0 ? nvmlMemory_v2_t.free(memory) : -1;
    }

    /** {@return the free bytes, as the backend reads them: with a fallback for older drivers, as objects} */
    public long reader() {
        return MemoryReader.read(nvml, device, memory).orElseThrow().free();
    }
}
