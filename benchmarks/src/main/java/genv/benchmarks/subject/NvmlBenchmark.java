// SPDX-License-Identifier: Apache-2.0
package genv.benchmarks.subject;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import genv.nvml.MemoryQuery;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bytedeco.cuda.global.nvml;
import org.bytedeco.cuda.nvml.nvmlDevice_st;
import org.bytedeco.cuda.nvml.nvmlMemory_v2_t;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Asking NVML for the memory of a device, on a small C library in the place of NVIDIA's.
 *
 * <p>Each way sets the version in a struct that is used again, calls, checks the code and reads one field. JavaCPP's fields
 * are native calls too.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NvmlBenchmark {
    /** The library's file. */
    public static final String LIBRARY = "genv.benchmarks.nvml";

    /** Of {@code nvmlMemory_v2_t}, version 2: the size and the version. */
    private static final int VERSION = 40 | 2 << 24;

    private static final int FREE = 24;

    /** Through the FFM API. */
    public static class Ffm extends Held {
        private MemoryQuery query;

        /** Opens it. */
        @Setup
        public void open() {
            query = new MemoryQuery();
        }
    }

    /** Through JavaCPP. */
    public static class JavaCpp extends Held {
        private nvmlDevice_st device;
        private nvmlMemory_v2_t memory;

        /** Opens it. */
        @Setup
        public void open() {
            // JavaCPP's own libraries ask for NVIDIA's by the sonames that these have
            String library = System.getProperty(LIBRARY);
            for (String soname : SmallNvml.EMPTY) {
                System.load(Path.of(library).resolveSibling(soname).toString());
            }
            System.load(library);
            device = new nvmlDevice_st();
            memory = new nvmlMemory_v2_t();
            nvml.nvmlInit_v2();
            nvml.nvmlDeviceGetHandleByIndex_v2(0, device);
        }
    }

    /** NVML's functions as JNA maps them by default, through a proxy. */
    public interface MappedNvml extends Library {
        /** As NVML has it. */
        int nvmlInit_v2();

        /** As NVML has it. */
        int nvmlDeviceGetHandleByIndex_v2(int index, PointerByReference device);

        /** As NVML has it. */
        int nvmlDeviceGetMemoryInfo_v2(Pointer device, Pointer memory);
    }

    /** NVML's functions as JNA maps them directly. */
    static final class DirectNvml {
        static {
            Native.register(DirectNvml.class, System.getProperty(LIBRARY));
        }

        private DirectNvml() {}

        static native int nvmlDeviceGetMemoryInfo_v2(Pointer device, Pointer memory);
    }

    /** Through JNA. */
    public static class Jna extends Held {
        private MappedNvml mapped;
        private Pointer device;
        private Memory memory;

        /** Opens it. */
        @Setup
        public void open() {
            mapped = Native.load(System.getProperty(LIBRARY), MappedNvml.class, Map.of());
            PointerByReference handle = new PointerByReference();
            mapped.nvmlInit_v2();
            mapped.nvmlDeviceGetHandleByIndex_v2(0, handle);
            device = handle.getValue();
            memory = new Memory(40);
        }
    }

    private static long free(int code, long free) {
        if (code != 0) {
            throw new IllegalStateException("the library for the benchmark failed: code=" + code);
        }
        return free;
    }

    /** A downcall handle, bound to the function. */
    @Benchmark
    public long bare(Ffm ffm) throws Throwable {
        return ffm.query.bare();
    }

    /** The binding of the backend. */
    @Benchmark
    public long binding(Ffm ffm) {
        return ffm.query.binding();
    }

    /** The backend's reader on top of its binding. */
    @Benchmark
    public long reader(Ffm ffm) {
        return ffm.query.reader();
    }

    /** JavaCPP's preset. */
    @Benchmark
    public long javacpp(JavaCpp cpp) {
        cpp.memory.version(VERSION);
        return free(nvml.nvmlDeviceGetMemoryInfo_v2(cpp.device, cpp.memory), cpp.memory._free());
    }

    /** JNA, direct mapping. */
    @Benchmark
    public long jnaDirect(Jna jna) {
        jna.memory.setInt(0, VERSION);
        return free(DirectNvml.nvmlDeviceGetMemoryInfo_v2(jna.device, jna.memory), jna.memory.getLong(FREE));
    }

    /** JNA, interface mapping. */
    @Benchmark
    public long jnaInterface(Jna jna) {
        jna.memory.setInt(0, VERSION);
        return free(jna.mapped.nvmlDeviceGetMemoryInfo_v2(jna.device, jna.memory), jna.memory.getLong(FREE));
    }
}
