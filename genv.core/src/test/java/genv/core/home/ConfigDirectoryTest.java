// SPDX-License-Identifier: Apache-2.0
package genv.core.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import genv.api.EnvConfig;
import genv.api.GenvException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigDirectoryTest {
    @TempDir
    Path temp;

    private Path work = Path.of("");
    private Path user = Path.of("");
    private ConfigDirectory directory = new ConfigDirectory(work, user);

    @BeforeEach
    void createDirectories() throws IOException {
        work = Files.createDirectory(temp.resolve("work"));
        user = Files.createDirectory(temp.resolve("user"));
        directory = new ConfigDirectory(work, user);
    }

    @Test
    void shouldSayWhereItLookedWhenNoDirectoryExists() {
        assertThat(directory.home()).isEmpty();
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining(work.resolve(".genv") + ", " + user.resolve(".genv"));
    }

    @Test
    void shouldLoadEmptyConfigurationWhenDirectoryIsEmpty() throws IOException {
        genv();

        assertThat(directory.load()).isEqualTo(EnvConfig.empty());
    }

    @Test
    void shouldPreferWorkingDirectoryWhenBothExist() throws IOException {
        Path inUser = Files.createDirectory(user.resolve(".genv"));
        assertThat(directory.home()).contains(inUser);

        Path inWork = Files.createDirectory(work.resolve(".genv"));
        assertThat(directory.home()).contains(inWork);
    }

    @Test
    void shouldNotMixDirectoriesWhenBothExist() throws IOException {
        put(Files.createDirectory(user.resolve(".genv")), "gpus", "7");
        put(Files.createDirectory(work.resolve(".genv")), "name", "here");

        assertThat(directory.load()).isEqualTo(EnvConfig.builder().name("here").build());
    }

    @Test
    void shouldPassOverFileWhenItHasTheNameOfTheDirectory() throws IOException {
        Files.writeString(work.resolve(".genv"), "something else");
        Path inUser = Files.createDirectory(user.resolve(".genv"));

        assertThat(directory.home()).contains(inUser);
    }

    @Test
    void shouldLoadStrippedValuesWhenFilesHaveWhiteSpace() throws IOException {
        Path genv = genv();
        put(genv, "name", "  my training \n");
        put(genv, "gpus", "\t2\r\n\n");
        put(genv, "gpu-memory", "4g\n");
        put(genv, "unknown", "\0 whatever");

        assertThat(directory.load())
                .isEqualTo(EnvConfig.builder()
                        .name("my training")
                        .gpus(2)
                        .gpuMemory("4g")
                        .build());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        gpus       | two
        gpus       | -1
        gpus       | +1
        gpus       | 1.0
        gpus       | 99999999999
        gpus       | 2000000
        gpus       | '１'
        gpus       | ''
        gpus       | '  '
        gpu-memory | -1g
        gpu-memory | 4GB
        gpu-memory | '４g'
        gpu-memory | 99999999999t
        gpu-memory | ''
        name       | ''
        """)
    void shouldNameFileAndValueAndRuleWhenValueIsBad(String file, String value) throws IOException {
        Path bad = put(genv(), file, value);

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining("file=" + bad)
                .withMessageContaining("value='" + value.strip() + "'")
                .withMessageContaining("allowed=");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\0b", "a\nb", "\u001b[31mred"})
    void shouldRefuseAndNotEchoWhenNameHasControlCharacters(String name) throws IOException {
        put(genv(), "name", name);

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .satisfies(
                        e -> assertThat(String.valueOf(e.getMessage()).chars()).noneMatch(Character::isISOControl));
    }

    @Test
    void shouldRefuseWhenFileIsTooLarge() throws IOException {
        Path large = put(genv(), "name", "x".repeat(20_000));

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining("too large: file=" + large);
    }

    @Test
    void shouldRefuseWhenFileIsNotText() throws IOException {
        Path binary = genv().resolve("name");
        Files.write(binary, new byte[] {(byte) 0xff, (byte) 0xfe, 0});

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining("not UTF-8 text: file=" + binary);
    }

    @Test
    void shouldRefuseToLoadWhenFileIsDirectory() throws IOException {
        Path planted = Files.createDirectory(genv().resolve("gpus"));

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining("not a regular file: file=" + planted);
    }

    @Test
    @EnabledIf("canMakePipes")
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldNotWaitForWriterWhenFileIsNamedPipe() throws Exception {
        Path pipe = genv().resolve("gpus");
        assertThat(makePipe(pipe)).isTrue();

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining("not a regular file: file=" + pipe);
    }

    @Test
    @DisabledIf("mayReadEverything")
    void shouldSayWhyWhenFileCannotBeRead() throws IOException {
        Path secret = put(genv(), "name", "x");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("-w-------"));

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(directory::load)
                .withMessageContaining("cannot be read: file=" + secret);
    }

    @Test
    void shouldLoadWhatWasSavedWhenAllPartsArePresent() throws IOException {
        Path genv = genv();
        EnvConfig config = EnvConfig.builder()
                .name("größer 計算")
                .gpus(3)
                .gpuMemory("1536mi")
                .build();

        directory.save(config);

        assertThat(directory.load()).isEqualTo(config);
        assertThat(Files.readString(genv.resolve("gpus"))).isEqualTo("3\n");
        assertThat(list(genv)).containsExactly("gpu-memory", "gpus", "name");
    }

    @Test
    void shouldRemoveFileWhenPartIsAbsent() throws IOException {
        Path genv = genv();
        directory.save(EnvConfig.builder().name("n").gpus(3).gpuMemory("1g").build());
        put(genv, "note", "mine");

        directory.save(EnvConfig.builder().gpus(1).build());

        assertThat(list(genv)).containsExactly("gpus", "note");
        assertThat(directory.load()).isEqualTo(EnvConfig.builder().gpus(1).build());
    }

    @Test
    void shouldCreateDirectoryInWorkingDirectoryWhenThereIsNone() {
        EnvConfig config = EnvConfig.builder().name("n").build();

        directory.save(config);

        assertThat(directory.home()).contains(work.resolve(".genv"));
        assertThat(directory.load()).isEqualTo(config);
        assertThat(user).isEmptyDirectory();
    }

    @Test
    void shouldSaveToHomeOfUserWhenOnlyThatExists() throws IOException {
        Path inUser = Files.createDirectory(user.resolve(".genv"));

        directory.save(EnvConfig.builder().gpus(1).build());

        assertThat(list(inUser)).containsExactly("gpus");
        assertThat(work).isEmptyDirectory();
    }

    @Test
    void shouldCreateNothingWhenThereIsNoDirectoryAndValueIsBad() {
        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> directory.save(EnvConfig.builder().name(" x ").build()));

        assertThat(work).isEmptyDirectory();
    }

    @Test
    void shouldSayWhyWhenDirectoryCannotBeCreated() throws IOException {
        Path inTheWay = Files.writeString(work.resolve(".genv"), "something else");

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> directory.save(EnvConfig.empty()))
                .withMessageContaining("cannot be created: directory=" + inTheWay);

        assertThat(inTheWay).hasContent("something else");
    }

    @Test
    void shouldReplaceLinkAndLeaveTargetAloneWhenLinkIsPlanted() throws IOException {
        Path genv = genv();
        Path victim = Files.writeString(temp.resolve("victim"), "precious");
        Path link = Files.createSymbolicLink(genv.resolve("gpus"), victim);
        Path removed = Files.createSymbolicLink(genv.resolve("name"), victim);

        directory.save(EnvConfig.builder().gpus(2).build());

        assertThat(victim).hasContent("precious");
        assertThat(Files.isRegularFile(link, LinkOption.NOFOLLOW_LINKS)).isTrue();
        assertThat(removed).doesNotExist();
        assertThat(directory.load()).isEqualTo(EnvConfig.builder().gpus(2).build());
    }

    @Test
    void shouldNotWriteThroughHardLinkWhenItIsPlanted() throws IOException {
        Path victim = Files.writeString(temp.resolve("victim"), "precious");
        Files.createLink(genv().resolve("gpus"), victim);

        directory.save(EnvConfig.builder().gpus(2).build());

        assertThat(victim).hasContent("precious");
    }

    @ParameterizedTest
    @ValueSource(strings = {"name", "gpus", "gpu-memory"})
    void shouldChangeNothingWhenPlaceOfFileIsDirectory(String planted) throws IOException {
        Path genv = genv();
        Files.createDirectory(genv.resolve(planted));
        List<String> before = list(genv);

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> directory.save(
                        EnvConfig.builder().name("n").gpus(1).gpuMemory("1g").build()))
                .withMessageContaining("is a directory, nothing was changed: file=" + genv.resolve(planted));
        assertThatExceptionOfType(GenvException.class).isThrownBy(() -> directory.save(EnvConfig.empty()));

        assertThat(list(genv)).isEqualTo(before);
    }

    @Test
    void shouldChangeNothingWhenNameWouldNotReadBack() throws IOException {
        Path genv = genv();
        directory.save(EnvConfig.builder().name("old").gpus(1).build());

        assertThatExceptionOfType(GenvException.class)
                .isThrownBy(() -> directory.save(
                        EnvConfig.builder().name(" padded ").gpus(2).build()))
                .withMessageContaining("value=' padded '");

        assertThat(directory.load())
                .isEqualTo(EnvConfig.builder().name("old").gpus(1).build());
        assertThat(list(genv)).containsExactly("gpus", "name");
    }

    @Test
    void shouldKeepPermissionsWhenFileIsReplaced() throws IOException {
        Path file = put(genv(), "gpus", "1");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));

        directory.save(EnvConfig.builder().gpus(2).build());

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-rw-r--");
    }

    @Test
    void shouldSearchFromGivenDirectoryWhenItIsForThisProcess() throws IOException {
        Path genv = genv();

        assertThat(ConfigDirectory.ofProcess(Optional.of(work)).home()).contains(genv);
    }

    private Path genv() throws IOException {
        return Files.createDirectory(work.resolve(".genv"));
    }

    private static Path put(Path genv, String file, String content) throws IOException {
        return Files.writeString(genv.resolve(file), content);
    }

    private static List<String> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    private static boolean makePipe(Path pipe) throws InterruptedException {
        try {
            return new ProcessBuilder("mkfifo", pipe.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    @SuppressWarnings("unused") // by name
    private static boolean canMakePipes() throws IOException, InterruptedException {
        Path probe = Files.createTempDirectory("genv-pipe");
        Path pipe = probe.resolve("pipe");
        try {
            return makePipe(pipe);
        } finally {
            Files.deleteIfExists(pipe);
            Files.delete(probe);
        }
    }

    /** As root does, whatever the permissions. */
    @SuppressWarnings("unused") // by name
    private static boolean mayReadEverything() throws IOException {
        Path probe = Files.createTempFile("genv-secret", "");
        try {
            Files.setPosixFilePermissions(probe, PosixFilePermissions.fromString("-w-------"));
            return Files.isReadable(probe);
        } finally {
            Files.delete(probe);
        }
    }
}
