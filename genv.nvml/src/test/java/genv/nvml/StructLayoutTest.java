// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import genv.nvml.NvmlAbiHeader.Member;
import genv.nvml.binding.NvmlAbi;
import genv.nvml.binding.nvmlDeviceAttributes_t;
import genv.nvml.binding.nvmlMemory_t;
import genv.nvml.binding.nvmlMemory_v2_t;
import genv.nvml.binding.nvmlPciInfo_t;
import genv.nvml.binding.nvmlProcessDetail_v1_t;
import genv.nvml.binding.nvmlProcessInfo_v1_t;
import genv.nvml.binding.nvmlProcessInfo_v2_t;
import genv.nvml.binding.nvmlTemperature_v1_t;
import genv.nvml.binding.nvmlUtilization_t;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sizes and offsets of the binding's structs: the literal numbers everywhere, a C compiler's where there is one. */
class StructLayoutTest {
    @Test
    void shouldHaveTheSizesOfTheAbi() {
        assertThat(nvmlPciInfo_t.sizeof()).isEqualTo(68);
        assertThat(nvmlPciInfo_t.busId$offset()).isEqualTo(36);
        assertThat(nvmlMemory_t.sizeof()).isEqualTo(24);
        assertThat(nvmlMemory_v2_t.sizeof()).isEqualTo(40).isEqualTo(MemoryReader.SCRATCH);
        assertThat(nvmlMemory_v2_t.total$offset()).isEqualTo(8);
        assertThat(nvmlMemory_v2_t.free$offset()).isEqualTo(24);
        assertThat(nvmlUtilization_t.sizeof()).isEqualTo(8);
        assertThat(nvmlTemperature_v1_t.sizeof()).isEqualTo(12);
        assertThat(nvmlDeviceAttributes_t.sizeof()).isEqualTo(40);
        assertThat(nvmlDeviceAttributes_t.memorySizeMB$offset()).isEqualTo(32);
        assertThat(nvmlProcessInfo_v1_t.sizeof()).isEqualTo(16);
        assertThat(nvmlProcessInfo_v2_t.sizeof()).isEqualTo(24);
        assertThat(nvmlProcessDetail_v1_t.sizeof()).isEqualTo(32);
    }

    @Test
    void shouldHaveTheSizesAndOffsetsOfTheCompiler(@TempDir Path directory) throws Exception {
        NvmlAbiHeader header = NvmlAbiHeader.read();
        StringBuilder program = new StringBuilder("""
            #include <stddef.h>
            #include <stdio.h>
            #include "nvml_abi.h"
            int main(void) {
            """);
        StringBuilder expected = new StringBuilder();
        for (Map.Entry<String, List<Member>> struct : header.structs().entrySet()) {
            String name = struct.getKey();
            GroupLayout layout = (GroupLayout)
                    BindingTest.generated(name).getMethod("layout").invoke(null);
            print(program, name, "sizeof(" + name + ")");
            expect(expected, name, layout.byteSize());
            print(program, name + " alignment", "_Alignof(" + name + ")");
            expect(expected, name + " alignment", layout.byteAlignment());
            for (Member member : struct.getValue()) {
                PathElement path = PathElement.groupElement(member.name());
                String label = name + "." + member.name();
                print(program, label, "offsetof(" + name + ", " + member.name() + ")");
                expect(expected, label, layout.byteOffset(path));
                print(program, label + " size", "sizeof(((" + name + " *)0)->" + member.name() + ")");
                expect(expected, label + " size", layout.select(path).byteSize());
            }
        }
        print(program, "nvmlMemory_v2", "(size_t)nvmlMemory_v2");
        expect(expected, "nvmlMemory_v2", NvmlAbi.nvmlMemory_v2());
        print(program, "nvmlTemperature_v1", "(size_t)nvmlTemperature_v1");
        expect(expected, "nvmlTemperature_v1", NvmlAbi.nvmlTemperature_v1());
        program.append("return 0;\n}\n");
        Path source = Files.writeString(directory.resolve("layout.c"), program);
        Path binary = CCompiler.compile(source, directory.resolve("layout"));
        assertThat(CCompiler.run(directory.resolve("layout.log"), List.of(binary.toString())))
                .isEqualTo(expected.toString());
    }

    private static void print(StringBuilder program, String label, String value) {
        program.append("printf(\"%s %%zu\\n\", %s);\n".formatted(label, value));
    }

    private static void expect(StringBuilder expected, String label, long value) {
        expected.append("%s %d\n".formatted(label, value));
    }
}
