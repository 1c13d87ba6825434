// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;

import genv.api.spi.DeviceBackend;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The module as others see it. */
class ModuleTest {
    private static final Path CLASSES = Path.of("target", "classes");

    private static ModuleDescriptor descriptor() {
        return ModuleFinder.of(CLASSES).find("genv.nvml").orElseThrow().descriptor();
    }

    @Test
    void shouldExportNothing() {
        assertThat(descriptor().exports()).isEmpty();
        assertThat(descriptor().opens()).isEmpty();
    }

    @Test
    void shouldNeedNothingButTheApi() {
        assertThat(descriptor().requires())
                .filteredOn(requires -> !requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
                .extracting(ModuleDescriptor.Requires::name)
                .containsExactlyInAnyOrder("java.base", "genv.api");
    }

    @Test
    void shouldProvideTheSameBackendToModulePathAndClassPath() throws Exception {
        assertThat(descriptor().provides()).singleElement().satisfies(provides -> {
            assertThat(provides.service()).isEqualTo(DeviceBackend.class.getName());
            assertThat(provides.providers()).containsExactly(NvmlBackend.class.getName());
        });
        assertThat(Files.readString(CLASSES.resolve("META-INF/services").resolve(DeviceBackend.class.getName()))
                        .strip())
                .isEqualTo(NvmlBackend.class.getName());
    }
}
