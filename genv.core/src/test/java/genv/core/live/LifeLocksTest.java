// SPDX-License-Identifier: Apache-2.0
package genv.core.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import genv.api.GenvException;
import genv.api.StateException;
import genv.core.live.LifeLocks.Kind;
import genv.core.os.ChildJvm;
import genv.core.os.RecordLocks;
import genv.core.os.Shell;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LifeLocksTest {
    private static final long MAX = LifeLocks.MAX_TOKEN;

    @TempDir
    private Path directory;

    private Path live;

    @BeforeEach
    void createLiveFile() throws IOException {
        live = Files.createFile(directory.resolve("genv.live"));
    }

    @ParameterizedTest
    @CsvSource({"OFD, OFD", "CHANNEL, CHANNEL", "OFD, CHANNEL", "CHANNEL, OFD"})
    void shouldFreeTokenWhenItsProcessIsKilled(Kind own, Kind other) {
        try (LifeLocks locks = open(own, live);
                ChildJvm child = hold(other, 1, 77, MAX)) {
            for (long token : new long[] {1, 77, MAX}) {
                assertThat(locks.isHeld(token)).isTrue();
                assertThat(locks.tryHold(token)).isFalse();
            }
            assertThat(locks.isHeld(2)).isFalse();
            assertThat(locks.isHeld(MAX - 1)).isFalse();

            child.kill();

            for (long token : new long[] {1, 77, MAX}) {
                assertThat(locks.isHeld(token)).isFalse();
            }
            assertThat(locks.tryHold(77)).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldStayHeldWhileItsProcessIsStopped(Kind kind) {
        try (LifeLocks locks = open(kind, live);
                ChildJvm child = hold(kind, 5)) {
            Shell.run("kill", "-STOP", Long.toString(child.handle().pid()));

            assertThat(locks.isHeld(5)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"OFD, OFD", "CHANNEL, CHANNEL", "OFD, CHANNEL", "CHANNEL, OFD"})
    void shouldBeSeenByAnotherProcess(Kind own, Kind other) {
        try (LifeLocks locks = open(own, live)) {
            assertThat(locks.tryHold(9)).isTrue();
            assertThat(locks.tryHold(9)).isTrue();
            assertThat(locks.isHeld(9)).isTrue();

            assertThat(askElsewhere(other, 9)).isTrue();
            assertThat(askElsewhere(other, 10)).isFalse();
        }
        assertThat(askElsewhere(other, 9)).isFalse();
    }

    /** Somebody who asks by a channel has a shared lock for a moment. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldNotTakeWhoeverAsksForAHolder(Kind kind) {
        try (LifeLocks locks = open(kind, live);
                ChildJvm child = start(kind, "share", 8)) {
            assertThat(child.readLine()).isEqualTo("true");

            assertThat(locks.isHeld(8)).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldExcludeEachOtherInOneProcess(Kind kind) {
        LifeLocks first = open(kind, live);
        try (LifeLocks second = open(kind, live)) {
            assertThat(first.tryHold(3)).isTrue();

            assertThat(second.isHeld(3)).isTrue();
            assertThat(second.tryHold(3)).isFalse();
            assertThat(second.tryHold(4)).isTrue();

            first.close();
            assertThat(second.isHeld(3)).isFalse();
            assertThat(second.isHeld(4)).isTrue();
            assertThat(askElsewhere(kind, 4)).isTrue();
            assertThat(second.tryHold(3)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"OFD, OFD", "CHANNEL, CHANNEL", "OFD, CHANNEL", "CHANNEL, OFD"})
    void shouldTellWhetherAnybodyIsThere(Kind own, Kind other) {
        try (LifeLocks locks = open(own, live)) {
            assertThat(locks.isAnyHeldBelow(MAX)).isFalse();
            try (ChildJvm child = hold(other, 77)) {
                assertThat(locks.isAnyHeldBelow(MAX)).isTrue();
                assertThat(locks.isAnyHeldBelow(78)).isTrue();
                assertThat(locks.isAnyHeldBelow(77))
                        .as("the bound itself does not count")
                        .isFalse();
                child.kill();
            }
            assertThat(locks.isAnyHeldBelow(MAX)).isFalse();

            assertThat(locks.tryHold(MAX)).isTrue();
            assertThat(locks.isAnyHeldBelow(MAX)).isFalse();
            assertThat(locks.tryHold(5)).isTrue();
            assertThat(locks.isAnyHeldBelow(MAX)).as("own locks count").isTrue();
        }
    }

    @Test
    void shouldNotLoseChannelLocksWhenOfdLocksOfTheSameProcessClose() {
        try (LifeLocks channel = open(Kind.CHANNEL, live)) {
            LifeLocks ofd = open(Kind.OFD, live);
            assertThat(channel.tryHold(1)).isTrue();
            assertThat(ofd.isHeld(1)).isTrue();
            assertThat(ofd.tryHold(1)).isFalse();
            assertThat(ofd.tryHold(2)).isTrue();
            assertThat(channel.isHeld(2)).isTrue();

            ofd.close();

            assertThat(askElsewhere(Kind.CHANNEL, 1)).isTrue();
            assertThat(askElsewhere(Kind.CHANNEL, 2)).isFalse();
        }
    }

    @Test
    void shouldKeepOfdLocksWhenTheApplicationReadsTheFile() throws IOException {
        try (LifeLocks locks = open(Kind.OFD, live)) {
            assertThat(locks.tryHold(6)).isTrue();

            Files.readAllBytes(live);

            assertThat(askElsewhere(Kind.OFD, 6)).isTrue();
        }
    }

    /** Not what anybody wants: it records why the channel is the second choice. */
    @Test
    void shouldLoseChannelLocksWhenTheApplicationReadsTheFile() throws IOException {
        Assumptions.assumeTrue(RecordLocks.isSupported(), "locks may work in another way here");
        try (LifeLocks locks = open(Kind.CHANNEL, live)) {
            assertThat(locks.tryHold(6)).isTrue();
            assertThat(askElsewhere(Kind.CHANNEL, 6)).isTrue();

            Files.readAllBytes(live);

            assertThat(askElsewhere(Kind.CHANNEL, 6)).isFalse();
        }
    }

    @Test
    void shouldShareOneChannelWithAnotherCopyOfTheLibrary() throws Exception {
        try (LifeLocks locks = open(Kind.CHANNEL, live);
                URLClassLoader loader = new URLClassLoader(classPath(), null)) {
            assertThat(locks.tryHold(1)).isTrue();
            Class<?> copy = loader.loadClass(ChannelLifeLocks.class.getName());
            assertThat(copy).isNotSameAs(ChannelLifeLocks.class);
            var open = copy.getDeclaredMethod("open", Path.class);
            open.setAccessible(true);
            AutoCloseable other = (AutoCloseable) open.invoke(null, live);

            assertThat(call(other, "isHeld", 1)).isTrue();
            assertThat(call(other, "tryHold", 1)).isFalse();
            assertThat(call(other, "tryHold", 2)).isTrue();
            assertThat(locks.isHeld(2)).isTrue();
            other.close();

            assertThat(locks.isHeld(2)).isFalse();
            assertThat(askElsewhere(Kind.CHANNEL, 1)).isTrue();
        }
        assertThat(SharedChannels.isAnyInUse()).isFalse();
    }

    @Test
    void shouldKeepChannelOpenWhenThreadIsInterrupted() {
        try (LifeLocks locks = open(Kind.CHANNEL, live)) {
            Thread.currentThread().interrupt();
            try {
                assertThat(locks.tryHold(1)).isTrue();
                assertThat(locks.isHeld(2)).isFalse();
            } finally {
                assertThat(Thread.interrupted()).isTrue();
            }
            assertThat(askElsewhere(Kind.CHANNEL, 1)).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldNoticeThatTheFileIsReplaced(Kind kind) throws IOException {
        try (LifeLocks locks = open(kind, live)) {
            assertThat(locks.isIntact()).isTrue();
            long id = locks.fileId();

            Files.move(live, directory.resolve("away"));
            assertThat(locks.isIntact()).isFalse();
            Files.createFile(live);
            assertThat(locks.isIntact()).isFalse();

            try (LifeLocks next = open(kind, live)) {
                assertThat(next.fileId()).isNotEqualTo(id);
                assertThat(next.isIntact()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldRefuseWhatIsNotTheLiveFile(Kind kind) throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), live);
        Path folder = Files.createDirectory(directory.resolve("folder"));
        Path fifo = directory.resolve("fifo");
        Shell.run("mkfifo", fifo.toString());

        assertRefused(kind, link, "symbolic link");
        assertRefused(kind, folder, "directory");
        assertRefused(kind, fifo, "not a regular file");
        assertRefused(kind, directory.resolve("absent"), "does not exist");
        Files.createLink(directory.resolve("second"), live);
        assertRefused(kind, live, "links=2");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldRefuseNumbersThatAreNoTokens(Kind kind) {
        try (LifeLocks locks = open(kind, live)) {
            for (long token : new long[] {0, -1, MAX + 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
                assertThatThrownBy(() -> locks.tryHold(token)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> locks.isHeld(token)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void shouldRefuseToAnswerWhenClosed(Kind kind) {
        LifeLocks locks = open(kind, live);
        locks.close();
        locks.close();

        assertThatThrownBy(() -> locks.tryHold(1))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> locks.isHeld(1))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("closed");
        assertThat(locks.isIntact()).isFalse();
    }

    @Test
    void shouldRefuseAnUnknownKind() {
        String before = System.getProperty("genv.live.locks");
        System.setProperty("genv.live.locks", "flock");
        try {
            assertThatThrownBy(() -> LifeLocks.open(live))
                    .isInstanceOf(GenvException.class)
                    .hasMessageContaining("genv.live.locks=flock");
        } finally {
            if (before == null) {
                System.clearProperty("genv.live.locks");
            } else {
                System.setProperty("genv.live.locks", before);
            }
        }
    }

    @Test
    void shouldPreferOfdWhereTheKernelHasIt() {
        Assumptions.assumeTrue(System.getProperty("genv.live.locks") == null, "a kind is prescribed");
        try (LifeLocks locks = LifeLocks.open(live)) {
            assertThat(locks.kind()).isEqualTo(RecordLocks.isSupported() ? Kind.OFD : Kind.CHANNEL);
        }
    }

    private static LifeLocks open(Kind kind, Path path) {
        if (kind == Kind.CHANNEL) {
            return ChannelLifeLocks.open(path);
        }
        Assumptions.assumeTrue(RecordLocks.isSupported(), "no OFD locks here");
        return OfdLifeLocks.open(path);
    }

    private ChildJvm hold(Kind kind, long... tokens) {
        ChildJvm child = start(kind, "hold", tokens);
        for (long ignored : tokens) {
            assertThat(child.readLine()).isEqualTo("true");
        }
        return child;
    }

    private boolean askElsewhere(Kind kind, long token) {
        try (ChildJvm child = start(kind, "ask", token)) {
            return Boolean.parseBoolean(child.readLine());
        }
    }

    private ChildJvm start(Kind kind, String command, long... tokens) {
        String[] arguments = new String[tokens.length + 2];
        arguments[0] = command;
        arguments[1] = live.toString();
        for (int i = 0; i < tokens.length; i++) {
            arguments[i + 2] = Long.toString(tokens[i]);
        }
        String option = "-Dgenv.live.locks=" + kind.name().toLowerCase(Locale.ROOT);
        return ChildJvm.startWith(List.of(option), LiveChild.class, arguments);
    }

    private static void assertRefused(Kind kind, Path path, String why) {
        assertThatThrownBy(() -> open(kind, path))
                .isInstanceOf(StateException.class)
                .hasMessageContaining(why)
                .hasMessageContaining("path=" + path);
    }

    private static boolean call(Object target, String method, long token) throws ReflectiveOperationException {
        var found = target.getClass().getDeclaredMethod(method, long.class);
        found.setAccessible(true);
        return (boolean) found.invoke(target, token);
    }

    private static URL[] classPath() throws MalformedURLException {
        List<Path> roots = ChildJvm.roots();
        URL[] urls = new URL[roots.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = roots.get(i).toUri().toURL();
        }
        return urls;
    }
}
