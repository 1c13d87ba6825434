// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.BackendException;
import genv.api.spi.Availability;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries that are not there, or are not NVML. The real loader path is in {@link NativeLibraryTest}. */
class LibraryLoaderTest {
    /** Where an ELF file says for which machine it is. */
    private static final int ELF_MACHINE = 18;

    private static String reason(String library) {
        try (NvmlBackend backend = new NvmlBackend(new SharedSessions(LibraryLoader::load), () -> library)) {
            assertThatThrownBy(backend::devices).isInstanceOf(BackendException.class);
            return ((Availability.Unavailable) backend.availability()).reason();
        }
    }

    @Test
    void shouldBeUnavailableWhenTheLibraryIsNotThere() {
        assertThat(reason("libthere-is-no-such-library.so.1"))
                .contains("not found", "library=libthere-is-no-such-library.so.1", "-Dgenv.nvml.library");
        assertThat(reason("/nowhere/libnvidia-ml.so.1")).contains("not found");
    }

    @Test
    void shouldBeUnavailableWhenTheLibraryIsForAnotherMachine(@TempDir Path directory) throws Exception {
        byte[] library = Files.readAllBytes(Path.of(System.getProperty("java.home"), "lib", "libjava.so"));
        library[ELF_MACHINE] ^= 0x7F;
        Path foreign = Files.write(directory.resolve("libnvidia-ml.so.1"), library);
        assertThat(reason(foreign.toString())).contains("cannot be opened", foreign.toString());
    }

    @Test
    void shouldBeUnavailableWhenTheNameIsNoName() {
        assertThat(reason("a\0b/c")).contains("not found");
    }

    @Test
    void shouldBeUnavailableWhenTheLibraryIsAnotherOne() {
        assertThat(reason("libc.so.6")).contains("not nvml", "libc.so.6");
    }

    @Test
    void shouldTakeTheSonameUnlessThePropertyNamesAnother() {
        String before = System.getProperty(LibraryLoader.PROPERTY);
        try {
            System.clearProperty(LibraryLoader.PROPERTY);
            assertThat(LibraryLoader.configured()).isEqualTo("libnvidia-ml.so.1");
            System.setProperty(LibraryLoader.PROPERTY, "  ");
            assertThat(LibraryLoader.configured()).isEqualTo("libnvidia-ml.so.1");
            System.setProperty(LibraryLoader.PROPERTY, "/opt/x.so");
            assertThat(LibraryLoader.configured()).isEqualTo("/opt/x.so");
        } finally {
            if (before == null) {
                System.clearProperty(LibraryLoader.PROPERTY);
            } else {
                System.setProperty(LibraryLoader.PROPERTY, before);
            }
        }
    }

    @Test
    void shouldNameTheModuleToGrantNativeAccessTo() {
        assertThat(LibraryLoader.nativeAccessDenied(LibraryLoader.class.getModule()))
                .contains("--enable-native-access=genv.nvml");
        assertThat(LibraryLoader.nativeAccessDenied(
                        ClassLoader.getSystemClassLoader().getUnnamedModule()))
                .contains("--enable-native-access=ALL-UNNAMED");
    }
}
